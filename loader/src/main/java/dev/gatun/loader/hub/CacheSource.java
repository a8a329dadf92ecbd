package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The cache of the Hugging Face client, read only: what any Python program has downloaded is found
 * here.
 */
final class CacheSource implements ModelSource {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final int LONGEST_REF = 256;

  private final Path cache;

  CacheSource(Path cache) {
    this.cache = cache;
  }

  @Override
  public Answer find(ModelRequest request) {
    if (request.id().isEmpty()) {
      return new Answer.Absent(
          "Hugging Face cache: " + Text.quote(request.model()) + " is not a hub id");
    }
    if (!Files.isDirectory(cache)) {
      return new Answer.Absent("Hugging Face cache " + cache + ": does not exist");
    }
    List<String> reasons = new ArrayList<>();
    // The client names the folder after the id as it was typed, so an old id has a folder of its
    // own.
    for (String id : KnownIds.spellings(request.id().get())) {
      Path folder = cache.resolve("models--" + id.replace("/", "--"));
      if (!Files.isDirectory(folder)) {
        reasons.add("no " + folder.getFileName());
        continue;
      }
      try {
        String commit = commit(folder, request.revision());
        Path snapshot = folder.resolve("snapshots").resolve(commit);
        if (DirectorySource.isModel(snapshot)) {
          return new Answer.Found(new ModelLocation.CachedSnapshot(snapshot, id, commit));
        }
        reasons.add(folder.getFileName() + " has no config.json at commit " + commit);
      } catch (IOException e) {
        reasons.add(
            folder.getFileName()
                + " has no revision "
                + request.revision()
                + " ("
                + StrictJson.reason(e)
                + ")");
      }
    }
    return new Answer.Absent("Hugging Face cache " + cache + ": " + String.join("; ", reasons));
  }

  private static String commit(Path folder, String revision) throws IOException {
    if (COMMIT.matcher(revision).matches()) {
      return revision;
    }
    Path ref = folder.resolve("refs").resolve(revision);
    if (!Files.isRegularFile(ref)) {
      throw new IOException("no refs/" + revision);
    }
    try (InputStream in = Files.newInputStream(ref)) {
      String commit = new String(in.readNBytes(LONGEST_REF), StandardCharsets.UTF_8).strip();
      if (!COMMIT.matcher(commit).matches()) {
        throw new IOException("refs/" + revision + " does not hold a commit");
      }
      return commit;
    }
  }
}
