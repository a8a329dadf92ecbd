/**
 * The verify engine as JUnit tests, for projects that bring their own models. Needs {@code
 * junit-jupiter-api} 5.14 or later on the test class path; Gatun itself does not bring it.
 */
package dev.gatun.conformance.junit;
