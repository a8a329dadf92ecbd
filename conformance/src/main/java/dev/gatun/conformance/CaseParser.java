package dev.gatun.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.Inputs;
import dev.gatun.conformance.ReferenceCase.Embed;
import dev.gatun.conformance.ReferenceCase.Forward;
import dev.gatun.conformance.ReferenceCase.Generate;
import dev.gatun.conformance.ReferenceCase.Text;
import dev.gatun.conformance.ReferenceCase.Tokenize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The {@code cases} of {@code reference.json}. The keys of a case tell its kind. */
final class CaseParser {
  private static final Set<String> FORWARD = Set.of("name", "inputs", "outputs", "torch_f32_error");
  private static final Set<String> GENERATE = Set.of("name", "inputs", "generate", "output_ids");
  private static final Set<String> TOKENIZE = Set.of("name", "texts", "input_ids");
  private static final Set<String> EMBED = Set.of("name", "texts", "outputs", "torch_f32_error");

  private final Path file;

  CaseParser(Path file) {
    this.file = file;
  }

  List<ReferenceCase> parse(JsonNode cases) {
    if (!cases.isArray() || cases.isEmpty()) {
      throw problem("holds no cases: there is nothing to verify");
    }
    var parsed = new ArrayList<ReferenceCase>();
    var names = new HashSet<String>();
    for (JsonNode node : cases) {
      ReferenceCase one = parseCase(node);
      if (!names.add(one.name())) {
        throw problem("two cases are named '" + one.name() + "'");
      }
      parsed.add(one);
    }
    return List.copyOf(parsed);
  }

  private ReferenceCase parseCase(JsonNode node) {
    if (!node.path("name").isTextual() || node.path("name").textValue().isBlank()) {
      throw problem("a case has no 'name': " + abbreviated(node));
    }
    String name = node.path("name").textValue();
    Set<String> keys = new HashSet<>();
    node.fieldNames().forEachRemaining(keys::add);
    if (keys.equals(FORWARD)) {
      return new Forward(name, inputs(name, node.get("inputs")), torchErrors(name, node));
    }
    if (keys.equals(GENERATE)) {
      return generate(name, node);
    }
    if (keys.equals(TOKENIZE)) {
      var texts = new ArrayList<Text>();
      node.get("texts").forEach(text -> texts.add(text(name, text)));
      List<int[]> ids = rows(name, "input_ids", node.get("input_ids"));
      requireSameCount(name, "texts", texts.size(), "input_ids", ids.size());
      return new Tokenize(name, texts, ids);
    }
    var required = new HashSet<>(keys);
    required.removeAll(EmbedSettings.KEYS);
    if (required.equals(EMBED)) {
      return embed(name, node);
    }
    throw unknownKind(name, keys);
  }

  private ReferenceException unknownKind(String name, Set<String> keys) {
    for (Set<String> kind : List.of(FORWARD, GENERATE, EMBED, TOKENIZE)) {
      if (keys.containsAll(kind)) {
        var extra = new HashSet<>(keys);
        extra.removeAll(kind);
        if (kind == EMBED) {
          extra.removeAll(EmbedSettings.KEYS);
        }
        return problem("case '" + name + "' has keys that would be ignored: " + sorted(extra));
      }
    }
    return problem(
        "case '%s' is of no known kind: it has %s; known are %s"
            .formatted(
                name,
                sorted(keys),
                Stream.of(FORWARD, GENERATE, TOKENIZE, EMBED).map(CaseParser::sorted).toList()));
  }

  private static List<String> sorted(Set<String> keys) {
    return keys.stream().sorted().toList();
  }

  private Generate generate(String name, JsonNode node) {
    Inputs inputs = inputs(name, node.get("inputs"));
    if (inputs.tokenTypeIds() != null || inputs.decoderInputIds() != null) {
      throw problem("case '" + name + "': generate takes 'input_ids' alone");
    }
    List<int[]> outputs = rows(name, "output_ids", node.get("output_ids"));
    requireSameCount(name, "input_ids", inputs.inputIds().size(), "output_ids", outputs.size());
    GenerateSettings settings =
        GenerateSettings.parse(
            node.get("generate"), words -> problem("case '" + name + "': " + words));
    return new Generate(name, inputs.inputIds(), settings, outputs);
  }

  private Embed embed(String name, JsonNode node) {
    Map<String, Double> errors = torchErrors(name, node);
    if (!errors.keySet().equals(Set.of(Reference.EMBEDDINGS))) {
      throw problem(
          "case '" + name + "': outputs of texts can be ['embeddings'], found " + errors.keySet());
    }
    var texts = new ArrayList<String>();
    for (JsonNode text : node.get("texts")) {
      if (!text.isTextual()) {
        throw problem("case '" + name + "': only single texts have embeddings, found " + text);
      }
      texts.add(text.textValue());
    }
    requireSome(name, "texts", texts.size());
    EmbedSettings settings =
        EmbedSettings.parse(node, words -> problem("case '" + name + "': " + words));
    return new Embed(name, texts, settings, errors.get(Reference.EMBEDDINGS));
  }

  private Inputs inputs(String name, JsonNode node) {
    List<int[]> inputIds = null;
    List<int[]> tokenTypeIds = null;
    List<int[]> decoderInputIds = null;
    for (Map.Entry<String, JsonNode> input : node.properties()) {
      List<int[]> rows = rows(name, input.getKey(), input.getValue());
      switch (input.getKey()) {
        case "input_ids" -> inputIds = rows;
        case "token_type_ids" -> tokenTypeIds = rows;
        case "decoder_input_ids" -> decoderInputIds = rows;
        default ->
            throw problem(
                "case '%s': input '%s' is not supported; known: input_ids, token_type_ids,"
                        .formatted(name, input.getKey())
                    + " decoder_input_ids");
      }
    }
    if (inputIds == null) {
      throw problem("case '" + name + "': inputs lack 'input_ids'");
    }
    if (tokenTypeIds != null) {
      requireSameCount(name, "input_ids", inputIds.size(), "token_type_ids", tokenTypeIds.size());
      for (int i = 0; i < inputIds.size(); i++) {
        requireSameCount(
            name,
            "input_ids[" + i + "]",
            inputIds.get(i).length,
            "token_type_ids[" + i + "]",
            tokenTypeIds.get(i).length);
      }
    }
    if (decoderInputIds != null) {
      requireSameCount(
          name, "input_ids", inputIds.size(), "decoder_input_ids", decoderInputIds.size());
    }
    return new Inputs(inputIds, tokenTypeIds, decoderInputIds);
  }

  /** The outputs of a case, each with PyTorch's error: one without the other is refused. */
  private Map<String, Double> torchErrors(String name, JsonNode node) {
    JsonNode errors = node.get("torch_f32_error");
    var byOutput = new LinkedHashMap<String, Double>();
    for (JsonNode output : node.get("outputs")) {
      JsonNode error = output.isTextual() ? errors.path(output.textValue()) : output;
      if (!output.isTextual() || !error.isNumber() || !(error.doubleValue() >= 0)) {
        throw problem(
            "case '%s': torch_f32_error of output %s must be a number >= 0, found %s"
                .formatted(name, output, errors.path(output.asText())));
      }
      if (byOutput.put(output.textValue(), error.doubleValue()) != null) {
        throw problem("case '" + name + "' names output " + output + " twice");
      }
    }
    requireSome(name, "outputs", byOutput.size());
    requireSameCount(name, "outputs", byOutput.size(), "torch_f32_error", errors.size());
    return byOutput;
  }

  private List<int[]> rows(String name, String key, JsonNode node) {
    var rows = new ArrayList<int[]>();
    for (JsonNode row : node) {
      int[] ids = new int[row.size()];
      for (int i = 0; i < ids.length && row.isArray(); i++) {
        if (!row.get(i).isInt()) {
          throw notIds(name, key, row);
        }
        ids[i] = row.get(i).intValue();
      }
      if (!row.isArray()) {
        throw notIds(name, key, row);
      }
      rows.add(ids);
    }
    if (!node.isArray()) {
      throw notIds(name, key, node);
    }
    requireSome(name, key, rows.size());
    return rows;
  }

  private ReferenceException notIds(String name, String key, JsonNode found) {
    return problem(
        "case '%s': %s must be a list of lists of token ids, found %s"
            .formatted(name, key, abbreviated(found)));
  }

  private Text text(String name, JsonNode node) {
    if (node.isTextual()) {
      return new Text(node.textValue(), null);
    }
    if (node.isArray() && node.size() == 2 && node.get(0).isTextual() && node.get(1).isTextual()) {
      return new Text(node.get(0).textValue(), node.get(1).textValue());
    }
    throw problem("case '" + name + "': a text must be a string or a pair of them, found " + node);
  }

  private void requireSome(String name, String what, int count) {
    if (count == 0) {
      throw problem("case '" + name + "' has no " + what + ": there is nothing to compare");
    }
  }

  private void requireSameCount(String name, String oneName, int one, String otherName, int other) {
    if (one != other) {
      throw problem(
          "case '%s': %s counts %d, %s counts %d".formatted(name, oneName, one, otherName, other));
    }
  }

  private static String abbreviated(JsonNode node) {
    String text = node.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private ReferenceException problem(String words) {
    return new ReferenceException(file, words);
  }
}
