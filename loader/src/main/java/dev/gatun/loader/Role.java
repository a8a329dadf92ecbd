package dev.gatun.loader;

/** What a weight is for, which decides whether a checkpoint may lack it. */
public enum Role {
  /** Needed by every use of the model: never optional. */
  BACKBONE,
  /** Part of a task head, which a checkpoint of the bare backbone does not have. */
  HEAD,
  /**
   * Part of the backbone that most uses do without, as BERT's pooler: a checkpoint may lack it, and
   * only computing with it is an error.
   */
  OPTIONAL
}
