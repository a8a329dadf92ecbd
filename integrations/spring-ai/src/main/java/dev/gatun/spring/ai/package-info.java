/** Gatun's models as those of Spring AI. */
package dev.gatun.spring.ai;
