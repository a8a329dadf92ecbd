package dev.gatun.loader.hub;

import dev.gatun.loader.GatunException;
import dev.gatun.loader.json.Text;
import java.util.List;

/**
 * A model that is nowhere. The message lists the places in the order in which they were searched,
 * and what to do.
 */
public final class ModelNotFoundException extends GatunException {
  private static final long serialVersionUID = 1L;

  private final String model;
  private final transient List<String> searched;

  public ModelNotFoundException(String model, List<String> searched, String advice) {
    super(message(model, searched, advice));
    this.model = model;
    this.searched = List.copyOf(searched);
  }

  /** What was asked for. */
  public String model() {
    return model;
  }

  /** The places, each with the reason why it was not there. */
  public List<String> searched() {
    return searched;
  }

  private static String message(String model, List<String> searched, String advice) {
    StringBuilder text = new StringBuilder("no model " + Text.quote(model));
    if (!searched.isEmpty()) {
      text.append("; searched, in this order:");
      searched.forEach(place -> text.append("\n  ").append(place));
    }
    return text.append('\n').append(advice).toString();
  }
}
