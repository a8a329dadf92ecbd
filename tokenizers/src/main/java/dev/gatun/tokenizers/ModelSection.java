package dev.gatun.tokenizers;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The model section of a tokenizer.json.
 *
 * @param json its text as it stands in the file
 * @param bpe whether it is a BPE
 * @param vocabulary its pieces
 * @param continuingSubwordPrefix "" when absent
 * @param mergeTails second halves of the merges; collected only for a model with a prefix
 */
record ModelSection(
    String json,
    boolean bpe,
    ModelVocabulary vocabulary,
    String continuingSubwordPrefix,
    List<String> mergeTails) {

  /** Reads from a parser that stands on the section's opening brace; leaves it on the closing. */
  static ModelSection read(Path file, String text, JsonParser parser) throws IOException {
    return new Reader(file).read(text, parser);
  }

  /** One pass over the section. Shapes it does not know are left to the Rust library to judge. */
  private static final class Reader {
    private final Path file;
    private String type;
    private String prefix = "";
    private ModelVocabulary vocabulary;
    private List<String> mergeTails;

    Reader(Path file) {
      this.file = file;
    }

    ModelSection read(String text, JsonParser parser) throws IOException {
      int begin = (int) parser.currentTokenLocation().getCharOffset();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        switch (name) {
          case "type" -> {
            type = parser.getText();
            parser.skipChildren();
          }
          case "continuing_subword_prefix" -> {
            prefix = value == JsonToken.VALUE_STRING ? parser.getText() : "";
            parser.skipChildren();
          }
          case "vocab" -> vocabulary = readVocabulary(parser);
          case "merges" -> mergeTails = readMergeTails(parser);
          default -> parser.skipChildren();
        }
      }
      int end = (int) parser.currentLocation().getCharOffset();
      if (vocabulary == null) {
        throw new TokenizerException(file, "\"model\" has no \"vocab\"");
      }
      boolean bpe = type == null ? mergeTails != null : type.equals("BPE");
      return new ModelSection(
          text.substring(begin, end),
          bpe,
          vocabulary,
          prefix,
          prefix.isEmpty() || mergeTails == null ? List.of() : mergeTails);
    }

    private ModelVocabulary readVocabulary(JsonParser parser) throws IOException {
      return switch (parser.currentToken()) {
        case START_OBJECT -> ModelVocabulary.ofIds(readIds(parser));
        case START_ARRAY -> ModelVocabulary.ofList(readPieces(parser));
        default -> throw new TokenizerException(file, "model.vocab must be an object or a list");
      };
    }

    private Map<String, Integer> readIds(JsonParser parser) throws IOException {
      var ids = new HashMap<String, Integer>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String piece = parser.currentName();
        boolean whole = parser.nextToken() == JsonToken.VALUE_NUMBER_INT;
        if (!whole
            || parser.getNumberType() != JsonParser.NumberType.INT
            || parser.getIntValue() < 0) {
          throw new TokenizerException(
              file, "model.vocab[\"" + piece + "\"] must be a token id, not " + parser.getText());
        }
        ids.put(piece, parser.getIntValue());
      }
      return ids;
    }

    private List<String> readPieces(JsonParser parser) throws IOException {
      var pieces = new ArrayList<String>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        boolean pair =
            parser.currentToken() == JsonToken.START_ARRAY
                && parser.nextToken() == JsonToken.VALUE_STRING;
        String piece = pair ? parser.getText() : null;
        pair = pair && parser.nextToken().isNumeric() && Double.isFinite(parser.getDoubleValue());
        if (!pair || parser.nextToken() != JsonToken.END_ARRAY) {
          throw new TokenizerException(
              file, "model.vocab[" + pieces.size() + "] must be a [piece, score] pair");
        }
        ModelVocabulary.checkPiece(file, piece);
        pieces.add(piece);
      }
      return pieces;
    }

    private List<String> readMergeTails(JsonParser parser) throws IOException {
      var tails = new ArrayList<String>();
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw new TokenizerException(file, "model.merges must be a list");
      }
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        switch (parser.currentToken()) {
          case VALUE_STRING -> { // "a b"
            String merge = parser.getText();
            tails.add(merge.substring(merge.indexOf(' ') + 1));
          }
          case START_ARRAY -> { // ["a", "b"]
            String tail = "";
            while (parser.nextToken() == JsonToken.VALUE_STRING) {
              tail = parser.getText();
            }
            if (parser.currentToken() != JsonToken.END_ARRAY) {
              throw new TokenizerException(
                  file, "model.merges[" + tails.size() + "] must be a pair of pieces");
            }
            tails.add(tail);
          }
          default ->
              throw new TokenizerException(
                  file, "model.merges[" + tails.size() + "] must be a pair of pieces");
        }
      }
      return tails;
    }
  }
}
