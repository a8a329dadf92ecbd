package dev.gatun.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The reference of a model directory, read strictly: whatever the engine would not compare is
 * refused by name, so that a pass always means that everything in the reference was looked at.
 *
 * @param architecture the class that made it, as {@code BertForMaskedLM}
 * @param versions of the libraries that made it
 */
record Reference(
    Path directory,
    String architecture,
    Map<String, String> versions,
    List<ReferenceCase> cases,
    ReferenceTensors tensors)
    implements AutoCloseable {

  static final String FOLDER = "reference";
  static final String CASES = "reference.json";
  static final String TENSORS = "reference.safetensors";
  static final String EMBEDDINGS = "embeddings";

  private static final Set<String> KEYS = Set.of("format", "class", "versions", "cases");
  private static final int FORMAT = 1;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Reads {@code reference/} of a model directory and opens its tensors.
   *
   * @throws ReferenceException where it is absent, malformed or incomplete
   */
  static Reference open(Path modelDirectory) {
    if (!Files.isDirectory(modelDirectory)) {
      throw new ReferenceException(modelDirectory, "no such directory");
    }
    Path file = modelDirectory.resolve(FOLDER).resolve(CASES);
    JsonNode root = read(file);
    for (String key : (Iterable<String>) root::fieldNames) {
      if (!KEYS.contains(key)) {
        throw new ReferenceException(file, "unknown key '" + key + "'; known: " + KEYS);
      }
    }
    JsonNode format = root.path("format");
    if (!format.isInt() || format.intValue() != FORMAT) {
      throw new ReferenceException(
          file, "format is " + format + "; this version of Gatun reads format " + FORMAT);
    }
    JsonNode architecture = root.path("class");
    if (!architecture.isTextual()) {
      throw new ReferenceException(
          file, "'class' must name the model class, found " + architecture);
    }
    var versions = new LinkedHashMap<String, String>();
    root.path("versions")
        .properties()
        .forEach(v -> versions.put(v.getKey(), v.getValue().asText()));
    List<ReferenceCase> cases = new CaseParser(file).parse(root.path("cases"));
    ReferenceTensors tensors = openTensors(file.resolveSibling(TENSORS), cases);
    return new Reference(modelDirectory, architecture.textValue(), versions, cases, tensors);
  }

  private static JsonNode read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ReferenceException(
          file,
          "not found; a model can be verified once it has a reference, which"
              + " conformance/reference/README.md tells how to make");
    }
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      if (!root.isObject()) {
        throw new ReferenceException(file, "expected a JSON object, found " + root.getNodeType());
      }
      return root;
    } catch (JsonProcessingException e) {
      throw new ReferenceException(
          file,
          "malformed JSON in line "
              + (e.getLocation() == null ? "?" : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage(),
          e);
    } catch (IOException e) {
      throw new ReferenceException(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  private static ReferenceTensors openTensors(Path file, List<ReferenceCase> cases) {
    Set<String> needed = tensorNames(cases);
    if (!Files.isRegularFile(file)) {
      if (needed.isEmpty()) {
        return null;
      }
      throw new ReferenceException(file, "not found; the cases need " + summary(needed));
    }
    ReferenceTensors tensors = ReferenceTensors.open(file);
    var missing = new LinkedHashSet<>(needed);
    missing.removeAll(tensors.names());
    var unused = new LinkedHashSet<>(tensors.names());
    unused.removeAll(needed);
    if (missing.isEmpty() && unused.isEmpty()) {
      return tensors;
    }
    tensors.close();
    throw new ReferenceException(
        file,
        missing.isEmpty()
            ? "holds tensors that no case names, which would go unchecked: " + summary(unused)
            : "lacks expected tensors: " + summary(missing));
  }

  private static Set<String> tensorNames(List<ReferenceCase> cases) {
    var names = new LinkedHashSet<String>();
    for (ReferenceCase c : cases) {
      switch (c) {
        case ReferenceCase.Forward f -> {
          for (int sequence = 0; sequence < f.inputs().inputIds().size(); sequence++) {
            for (String output : f.outputs()) {
              names.add(tensorName(f, sequence, output));
            }
          }
        }
        case ReferenceCase.Embed e -> names.add(e.name() + "/" + EMBEDDINGS);
        case ReferenceCase.Generate g -> {}
        case ReferenceCase.Tokenize t -> {}
      }
    }
    return names;
  }

  private static String tensorName(ReferenceCase.Forward c, int sequence, String output) {
    return c.name() + "/" + sequence + "/" + output;
  }

  private static String summary(Set<String> names) {
    var shown = new ArrayList<>(names.stream().limit(8).map(name -> "'" + name + "'").toList());
    if (names.size() > shown.size()) {
      shown.add("and " + (names.size() - shown.size()) + " more");
    }
    return String.join(", ", shown);
  }

  /** What one sequence of a forward case should give. */
  Expected expected(ReferenceCase.Forward c, int sequence, String output) {
    return tensors.get(tensorName(c, sequence, output));
  }

  /** The embeddings a case should give, {@code [texts, dim]}. */
  Expected expected(ReferenceCase.Embed c) {
    return tensors.get(c.name() + "/" + EMBEDDINGS);
  }

  @Override
  public void close() {
    if (tensors != null) {
      tensors.close();
    }
  }
}
