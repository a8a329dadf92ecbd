package dev.gatun;

import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.PoolingMode;
import dev.gatun.loader.config.SentenceModule;
import dev.gatun.runtime.embedding.MicroBatcher.Item;
import dev.gatun.runtime.embedding.Pooling;
import dev.gatun.runtime.embedding.SentenceHead;
import dev.gatun.runtime.embedding.StaticTable;
import dev.gatun.runtime.models.Architectures;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.tensor.WorkspacePool;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * Token ids to sentence vectors: all modules of a sentence-transformers model. Safe to use from
 * many threads.
 */
final class SentenceEncoder implements AutoCloseable {
  private static final String HIDDEN = "last_hidden_state";
  private static final long RETAINED_BYTES = 64L << 20;

  /** The first module with pooling: a pooled vector per text. */
  private interface Source extends AutoCloseable {
    float[][] vectors(Ops ops, Workspace ws, List<Item> batch);

    int dimension();

    OptionalInt maxTokens();

    OptionalInt usualTokens();

    String explain();

    @Override
    void close();
  }

  private final Source source;
  private final NativeContext context;
  private final Ops ops;
  private final WorkspacePool workspaces;
  private final SentenceHead head;
  private final Lifetime lifetime;

  private SentenceEncoder(
      Source source,
      NativeContext context,
      WorkspacePool workspaces,
      SentenceHead head,
      Lifetime lifetime) {
    this.source = source;
    this.context = context;
    this.ops = new Ops(context);
    this.workspaces = workspaces;
    this.head = head;
    this.lifetime = lifetime;
  }

  /**
   * Loads all modules.
   *
   * @param normalize false leaves Normalize modules out
   */
  static SentenceEncoder load(
      Path directory, List<SentenceModule> modules, LoadOptions options, boolean normalize) {
    var lifetime = new Lifetime("the embedding model " + directory);
    try {
      Source source;
      NativeContext context;
      List<SentenceModule> rest;
      if (modules.getFirst() instanceof SentenceModule.StaticEmbedding(String path)) {
        context = lifetime.owns(NativeContext.open(options.context()));
        source = lifetime.owns(new Static(new StaticTable(directory.resolve(path), context)));
        rest = modules.subList(1, modules.size());
      } else {
        String path = ((SentenceModule.Transformer) modules.getFirst()).path();
        var pooling = (SentenceModule.Pooling) modules.get(1);
        var transformer = new Transformer(load(directory.resolve(path), options), pooling);
        source = lifetime.owns(transformer);
        context = transformer.model.context();
        rest = modules.subList(2, modules.size());
      }
      var kept =
          rest.stream().filter(m -> normalize || !(m instanceof SentenceModule.Normalize)).toList();
      var head = lifetime.owns(new SentenceHead(directory, kept, source.dimension(), context));
      var workspaces =
          lifetime.owns(new WorkspacePool(context, Math.max(2, context.threads()), RETAINED_BYTES));
      return new SentenceEncoder(source, context, workspaces, head, lifetime);
    } catch (Throwable e) {
      lifetime.close();
      throw e;
    }
  }

  private static Model load(Path directory, LoadOptions options) {
    ModelConfig config = ConfigParser.parse(directory.resolve("config.json"));
    return Model.load(
        directory,
        config,
        options.architecture() != null
            ? options
            : options.withArchitecture(Architectures.encoder(config)));
  }

  /** Length of a vector. */
  int dimension() {
    return head.dimension();
  }

  /** Most tokens of a text that the model can read; empty if there is no limit. */
  OptionalInt maxTokens() {
    return source.maxTokens();
  }

  /** Tokens that a text is cut to for a tokenizer without a limit; empty if there is none. */
  OptionalInt usualTokens() {
    return source.usualTokens();
  }

  NativeContext context() {
    return context;
  }

  /**
   * @throws IllegalStateException if closed
   */
  void requireOpen() {
    lifetime.use().close();
  }

  /** A vector per text. */
  float[][] encode(List<Item> batch) {
    try (var _ = lifetime.use();
        Workspace ws = workspaces.acquire()) {
      return head.apply(ops, ws, source.vectors(ops, ws, batch));
    }
  }

  /** Bytes of native memory held now. */
  long nativeBytes() {
    try (var _ = lifetime.use()) {
      return context.bytes();
    }
  }

  String explain() {
    return source.explain();
  }

  @Override
  public void close() {
    lifetime.close();
  }

  private record Transformer(Model model, SentenceModule.Pooling pooling) implements Source {
    @Override
    public float[][] vectors(Ops ops, Workspace ws, List<Item> batch) {
      List<Item> some = batch.stream().filter(item -> item.ids().length > 0).toList();
      int[] masked = some.stream().mapToInt(Item::masked).toArray();
      Outputs outputs =
          some.isEmpty()
              ? null
              : model.forwardPooled(
                  Inputs.of(some.stream().map(Item::ids).toList()),
                  HIDDEN,
                  pooling.modes(),
                  masked);
      var vectors = new float[batch.size()][];
      int row = 0;
      for (int i = 0; i < vectors.length; i++) {
        vectors[i] =
            batch.get(i).ids().length == 0 ? ofNothing(ops, ws) : outputs.values(HIDDEN, row++);
      }
      return vectors;
    }

    /** A text without any token, which a tokenizer without special tokens gives: nothing to run. */
    private float[] ofNothing(Ops ops, Workspace ws) {
      Tensor none = ws.tensor(0, model.config().hiddenSize());
      return Pooling.pool(ops, ws, none, Sequences.of(ws, 0), pooling.modes(), new int[1])[0];
    }

    @Override
    public int dimension() {
      return pooling.modes().size() * model.config().hiddenSize();
    }

    @Override
    public OptionalInt maxTokens() {
      return model.config().maxPositions();
    }

    @Override
    public OptionalInt usualTokens() {
      return model.config().usualTokens();
    }

    @Override
    public String explain() {
      List<String> modes = pooling.modes().stream().map(PoolingMode::toString).toList();
      return "%s, pooling %s%s"
          .formatted(
              model.architecture(),
              String.join(" + ", modes),
              pooling.includePrompt() ? "" : " without the prompt's tokens");
    }

    @Override
    public void close() {
      model.close();
    }
  }

  private record Static(StaticTable table) implements Source {
    @Override
    public float[][] vectors(Ops ops, Workspace ws, List<Item> batch) {
      return table.means(ops, ws, batch.stream().map(Item::ids).toList());
    }

    @Override
    public int dimension() {
      return table.dimension();
    }

    @Override
    public OptionalInt maxTokens() {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt usualTokens() {
      return OptionalInt.empty();
    }

    @Override
    public String explain() {
      return "static embedding of " + table.rows() + " tokens, mean";
    }

    @Override
    public void close() {
      table.close();
    }
  }
}
