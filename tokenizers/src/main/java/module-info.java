/**
 * Text to token ids and back, with the semantics of Hugging Face transformers, over the Rust
 * tokenizers library that DJL packages.
 */
module dev.gatun.tokenizers {
  requires transitive dev.gatun.loader;
  requires ai.djl.api;
  requires ai.djl.tokenizers;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires org.slf4j; // for DJL, which being automatic cannot ask for it itself

  exports dev.gatun.tokenizers;
}
