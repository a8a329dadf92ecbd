package dev.gatun.tokenizers;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegexChecksTest {
  /** Expressions of real tokenizers, and some that look dangerous and are not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        " ?[^(\\s|[.,!?…。，、।۔،])]+",
        "(?=(\\d{3})+(?!\\d))",
        "\\d{1,3}(?=(?:\\d{3})*\\b)",
        "\\d+(?:[.,]\\d+)*|[^\\W\\d_]+(?:['-][^\\W\\d_]+)*",
        "(?:\\r?\\n)+",
        "[]a]+|(?#x)(?<word>a+)b",
      })
  void expressionsThatEndSoonAreTaken(String regex) {
    assertNull(RegexChecks.defect(regex));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a+)+$",
        "^(a|a|a)*b",
        "^(\\w+\\s?)*$",
        "(.*a){20}",
        "((?:x*)*)*y",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
      })
  void expressionsThatTryTooOftenAreRefused(String regex) {
    assertNotNull(RegexChecks.defect(regex));
  }
}
