/** Beans for Spring Boot, by the properties below {@code spring.ai.gatun}. */
package dev.gatun.spring.ai.autoconfigure;
