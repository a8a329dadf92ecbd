package dev.gatun.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * Answers on demand, so that another program can take turns with a JVM that stays warm. One line of
 * JSON asks, one answers: {@code {"error": "..."}} where a request can't be met. The end of the
 * input ends it.
 */
final class LineServer {
  static final ObjectMapper JSON = new ObjectMapper();

  private LineServer() {}

  /** What becomes of a request; an IllegalArgumentException tells what is wrong with it. */
  interface Answers {
    ObjectNode to(JsonNode request) throws JsonProcessingException;
  }

  static BufferedReader standardInput() {
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  }

  /**
   * Serves until the input ends.
   *
   * @param ready said before the first question, with {@code "ready": true} added in front
   */
  static void serve(BufferedReader in, PrintWriter out, ObjectNode ready, Answers answers)
      throws IOException {
    ObjectNode first = JsonNodeFactory.instance.objectNode().put("ready", true);
    say(first.setAll(ready), out);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      say(answer(line, answers), out);
    }
  }

  private static ObjectNode answer(String line, Answers answers) {
    try {
      return answers.to(JSON.readTree(line));
    } catch (JsonProcessingException e) {
      return error("not a line of JSON: " + e.getOriginalMessage());
    } catch (IllegalArgumentException | UnsupportedOperationException e) {
      return error(e.getMessage());
    }
  }

  private static ObjectNode error(String words) {
    return JsonNodeFactory.instance.objectNode().put("error", words);
  }

  private static void say(JsonNode node, PrintWriter out) {
    out.println(node);
    out.flush();
  }
}
