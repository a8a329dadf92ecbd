/**
 * Runs models: the public API {@code dev.gatun}, and the rooms behind it, which only Gatun's own
 * modules see.
 */
@SuppressWarnings("module") // the modules of the qualified exports are built after this one
module dev.gatun.runtime {
  requires transitive dev.gatun.loader;
  requires transitive dev.gatun.tokenizers;
  requires dev.gatun.kernels;

  exports dev.gatun;
  exports dev.gatun.runtime.nativelib to
      dev.gatun.conformance,
      dev.gatun.tools;
  exports dev.gatun.runtime.ops to
      dev.gatun.conformance,
      dev.gatun.tools;
  exports dev.gatun.runtime.tensor to
      dev.gatun.conformance,
      dev.gatun.tools;
  exports dev.gatun.runtime.weights to
      dev.gatun.conformance,
      dev.gatun.tools;
}
