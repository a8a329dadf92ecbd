/**
 * Bytes on disk to typed facts: safetensors files, config.json, weight names, model locations.
 * Knows nothing of compute.
 */
module dev.gatun.loader {
  requires java.net.http;
  requires transitive com.fasterxml.jackson.databind;

  exports dev.gatun.loader;
  exports dev.gatun.loader.config;
  exports dev.gatun.loader.hub;
  exports dev.gatun.loader.safetensors;
}
