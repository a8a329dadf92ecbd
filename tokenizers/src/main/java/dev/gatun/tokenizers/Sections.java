package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** Builds the sections of a tokenizer.json. */
final class Sections {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private Sections() {}

  static ObjectNode ofType(String type) {
    return JSON.objectNode().put("type", type);
  }

  static ObjectNode byteLevel(boolean addPrefixSpace) {
    return ofType("ByteLevel")
        .put("add_prefix_space", addPrefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  static ObjectNode metaspace() {
    return metaspace(true);
  }

  static ObjectNode metaspace(boolean addPrefixSpace) {
    return ofType("Metaspace")
        .put("replacement", "▁")
        .put("prepend_scheme", addPrefixSpace ? "always" : "never")
        .put("split", true);
  }

  /** {@code cls A sep}, pairs {@code cls A sep sep B sep}, all of type 0. */
  static ObjectNode roberta(
      SpecialToken cls, SpecialToken sep, boolean trimOffsets, boolean addPrefixSpace) {
    ObjectNode processor = ofType("RobertaProcessing");
    processor.putArray("sep").add(sep.content()).add(sep.id());
    processor.putArray("cls").add(cls.content()).add(cls.id());
    return processor.put("trim_offsets", trimOffsets).put("add_prefix_space", addPrefixSpace);
  }

  /** {@code cls A sep}, pairs {@code cls A sep B sep} whose second part has type 1. */
  static ObjectNode bert(SpecialToken cls, SpecialToken sep) {
    return new Template()
        .single(cls)
        .singleText()
        .single(sep)
        .pair(cls, 0)
        .pairText("A", 0)
        .pair(sep, 0)
        .pairText("B", 1)
        .pair(sep, 1)
        .build();
  }

  static ObjectNode sequence(String members, ObjectNode... nodes) {
    ObjectNode sequence = ofType("Sequence");
    ArrayNode array = sequence.putArray(members);
    for (ObjectNode node : nodes) {
      array.add(node);
    }
    return sequence;
  }

  /** Collects a TemplateProcessing piece by piece. */
  static final class Template {
    private final ArrayNode single = JSON.arrayNode();
    private final ArrayNode pair = JSON.arrayNode();
    private final List<SpecialToken> specials = new ArrayList<>();

    /** A special token of the single template. */
    Template single(SpecialToken token) {
      return special(single, token, 0);
    }

    /** The text of the single template. */
    Template singleText() {
      return sequence(single, "A", 0);
    }

    /** A special token of the pair template. */
    Template pair(SpecialToken token, int typeId) {
      return special(pair, token, typeId);
    }

    /** A text of the pair template, "A" or "B". */
    Template pairText(String id, int typeId) {
      return sequence(pair, id, typeId);
    }

    ObjectNode build() {
      ObjectNode template = ofType("TemplateProcessing");
      template.set("single", single);
      template.set("pair", pair);
      ObjectNode tokens = template.putObject("special_tokens");
      for (SpecialToken special : specials) {
        ObjectNode token = tokens.putObject(special.content()).put("id", special.content());
        token.putArray("ids").add(special.id());
        token.putArray("tokens").add(special.content());
      }
      return template;
    }

    private Template special(ArrayNode template, SpecialToken token, int typeId) {
      template
          .addObject()
          .putObject("SpecialToken")
          .put("id", token.content())
          .put("type_id", typeId);
      if (!specials.contains(token)) {
        specials.add(token);
      }
      return this;
    }

    private Template sequence(ArrayNode template, String id, int typeId) {
      template.addObject().putObject("Sequence").put("id", id).put("type_id", typeId);
      return this;
    }
  }
}
