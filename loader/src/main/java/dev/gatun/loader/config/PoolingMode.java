package dev.gatun.loader.config;

import dev.gatun.loader.json.Text;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How sentence-transformers' {@code Pooling} makes one vector of the vectors of tokens, in the
 * order in which the old boolean keys are concatenated.
 */
public enum PoolingMode {
  CLS("cls", "pooling_mode_cls_token"),
  MAX("max", "pooling_mode_max_tokens"),
  MEAN("mean", "pooling_mode_mean_tokens"),
  MEAN_SQRT_LEN_TOKENS("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"),
  WEIGHTEDMEAN("weightedmean", "pooling_mode_weightedmean_tokens"),
  LASTTOKEN("lasttoken", "pooling_mode_lasttoken");

  private final String name;
  private final String oldKey;

  PoolingMode(String name, String oldKey) {
    this.name = name;
    this.oldKey = oldKey;
  }

  /** The boolean key that asked for this mode before {@code pooling_mode} existed. */
  String oldKey() {
    return oldKey;
  }

  static PoolingMode read(ConfigReader keys, String key, String name) {
    for (PoolingMode mode : values()) {
      if (mode.name.equals(name)) {
        return mode;
      }
    }
    throw keys.refuse(
        key,
        Text.quote(name),
        Arrays.stream(values()).map(PoolingMode::toString).collect(Collectors.joining(", ")));
  }

  /** As in {@code pooling_mode}: {@code mean}. */
  @Override
  public String toString() {
    return name;
  }
}
