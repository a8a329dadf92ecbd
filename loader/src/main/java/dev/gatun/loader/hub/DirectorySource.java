package dev.gatun.loader.hub;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The argument as a directory. As in the reference a directory of that name always wins over a hub
 * id.
 */
final class DirectorySource implements ModelSource {
  private final Path workingDirectory;

  DirectorySource(Path workingDirectory) {
    this.workingDirectory = workingDirectory;
  }

  @Override
  public Answer find(ModelRequest request) {
    Path directory;
    try {
      directory = workingDirectory.resolve(request.model()).normalize();
    } catch (InvalidPathException e) {
      return new Answer.Absent("directories: not a possible name of one");
    }
    if (!Files.exists(directory)) {
      return new Answer.Absent("directory " + directory + ": does not exist");
    }
    String problem =
        !Files.isDirectory(directory)
            ? "is a file"
            : !isModel(directory) ? "holds no config.json" : null;
    if (problem != null) {
      throw new ModelNotFoundException(
          request.model(),
          List.of("directory " + directory + ": " + problem),
          "Give the directory that holds the model's config.json and model.safetensors.");
    }
    return new Answer.Found(new ModelLocation.LocalDirectory(directory));
  }

  /** An embedding model may have its transformer, or none, in a folder that modules.json names. */
  static boolean isModel(Path directory) {
    return Files.isRegularFile(directory.resolve("config.json"))
        || Files.isRegularFile(directory.resolve("modules.json"));
  }
}
