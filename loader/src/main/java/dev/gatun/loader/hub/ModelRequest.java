package dev.gatun.loader.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the user asked for.
 *
 * @param model a directory or a hub id
 * @param revision a branch, tag or commit
 */
public record ModelRequest(String model, String revision) {
  public static final String DEFAULT_REVISION = "main";

  private static final int LONGEST_ID = 96;
  private static final String NAME = "\\w(?:[\\w.-]*\\w)?";
  private static final Pattern ID = Pattern.compile("(?:" + NAME + "/)?" + NAME);
  // As git says, beside what can be no path either.
  private static final Pattern NOT_IN_REVISION = Pattern.compile("[ ~^:?*\\[]|\\.\\.|@\\{");

  /**
   * {@link #model} as a hub id; empty if it is none, by the hub's own rules, and so can only be a
   * path.
   */
  public Optional<String> id() {
    boolean valid =
        model.length() <= LONGEST_ID
            && ID.matcher(model).matches()
            && !model.contains("--")
            && !model.contains("..");
    return valid ? Optional.of(model) : Optional.empty();
  }

  /**
   * Whether the revision can be one; anything else, such as {@code ../..}, must not become part of
   * a path.
   */
  boolean hasValidRevision() {
    return SafeNames.isFile(revision) && !NOT_IN_REVISION.matcher(revision).find();
  }
}
