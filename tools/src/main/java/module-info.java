/** The {@code gatun} command line. */
module dev.gatun.tools {
  requires dev.gatun.conformance;
  requires dev.gatun.loader;
  requires dev.gatun.runtime;
  requires dev.gatun.tokenizers;
  requires info.picocli;

  // picocli makes and fills the commands by reflection.
  opens dev.gatun.tools to
      info.picocli;
}
