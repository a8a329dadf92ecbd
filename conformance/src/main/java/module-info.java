/**
 * Proof that a model's numbers are those of the reference: the verify engine and its JUnit form.
 */
module dev.gatun.conformance {
  requires transitive dev.gatun.loader;
  requires transitive dev.gatun.runtime;
  requires dev.gatun.tokenizers;
  requires com.fasterxml.jackson.databind;
  requires static org.junit.jupiter.api;

  exports dev.gatun.conformance;
  exports dev.gatun.conformance.junit;
}
