/** Gatun's models as those of LangChain4j. */
package dev.gatun.langchain4j;
