package dev.gatun;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.LoadReport;
import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.GenerationConfig;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.PoolingMode;
import dev.gatun.runtime.embedding.Pooling;
import dev.gatun.runtime.generation.GenerationLoop;
import dev.gatun.runtime.models.Architecture;
import dev.gatun.runtime.models.Architectures;
import dev.gatun.runtime.models.Batch;
import dev.gatun.runtime.models.Decodable;
import dev.gatun.runtime.models.Network;
import dev.gatun.runtime.models.Rows;
import dev.gatun.runtime.models.Taps;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.nativelib.NativeLibrary;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.tensor.WorkspacePool;
import dev.gatun.runtime.weights.WeightScope;
import dev.gatun.runtime.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A loaded model: a Hugging Face directory ({@code config.json}, {@code *.safetensors}) ready to
 * run. Safe to use from any number of threads at once; they share the weights.
 *
 * <pre>{@code
 * try (Model model = Model.load("bert-base-uncased")) {
 *   Outputs outputs = model.forward(Inputs.of(new int[] {101, 7592, 102}), Set.of("logits"));
 * }
 * }</pre>
 *
 * <p>{@link #close()} frees the native memory once the calls in flight have returned; every later
 * call is an {@link IllegalStateException}.
 */
public final class Model implements AutoCloseable {
  /** What an idle workspace keeps: the activations of a BERT-base batch of 8 x 512 tokens. */
  private static final long RETAINED_BYTES = 160L << 20;

  private final Path directory;
  private final ModelConfig config;
  private final GenerationConfig generationConfig;
  private final Architecture<?> architecture;
  private final LoadReport loadReport;
  private final Network network;
  private final Ops ops;
  private final NativeContext context;
  private final WorkspacePool workspaces;
  private final Lifetime lifetime;

  private Model(
      Path directory,
      ModelConfig config,
      GenerationConfig generationConfig,
      Architecture<?> architecture,
      LoadReport loadReport,
      Network network,
      NativeContext context,
      Lifetime lifetime) {
    this.directory = directory;
    this.config = config;
    this.generationConfig = generationConfig;
    this.architecture = architecture;
    this.loadReport = loadReport;
    this.network = network;
    this.context = context;
    this.ops = new Ops(context);
    this.workspaces = new WorkspacePool(context, context.concurrentCalls(), RETAINED_BYTES);
    this.lifetime = lifetime;
    lifetime.owns(workspaces);
  }

  /** Loads with {@link LoadOptions#defaults()}. */
  public static Model load(String idOrPath) {
    return load(idOrPath, LoadOptions.defaults());
  }

  /**
   * Loads a model.
   *
   * @param idOrPath a directory, or an id such as {@code org/name} in the Hugging Face cache
   * @throws GatunException the subclass names what is wrong: model not found, config refused,
   *     safetensors malformed, weights missing, native library missing, device unavailable
   */
  public static Model load(String idOrPath, LoadOptions options) {
    return load(options.locate(idOrPath), options);
  }

  /** Loads from a directory. */
  public static Model load(Path directory, LoadOptions options) {
    NativeLibrary.bindAhead(options.device());
    return load(directory, ConfigParser.parse(directory.resolve("config.json")), options);
  }

  /** Loads from a directory whose config.json has been read. */
  static Model load(Path directory, ModelConfig config, LoadOptions options) {
    if (options.strict() && !config.unreadKeys().unknown().isEmpty()) {
      throw new ConfigException(
          directory.resolve("config.json").toString(),
          "has keys this runtime does not know, which strict loading refuses: "
              + config.unreadKeys().unknown(),
          null);
    }
    Architecture<?> architecture = Architectures.choose(config, options.architecture());
    var generationConfig = GenerationConfig.load(directory);
    var lifetime = new Lifetime("the model " + directory);
    try {
      var checkpoint = lifetime.owns(Checkpoint.open(directory));
      ResolvedWeights resolved =
          WeightResolver.resolve(checkpoint, ModelInspector.plan(architecture, config));
      var context = lifetime.owns(NativeContext.open(options.context()));
      var weights = lifetime.owns(new Weights(context));
      Network network = architecture.build(config, WeightScope.load(resolved, weights));
      return new Model(
          directory,
          config,
          generationConfig,
          architecture,
          resolved.report(),
          network,
          context,
          lifetime);
    } catch (Throwable e) {
      lifetime.close();
      throw e;
    }
  }

  /** Name of the transformers class that was built, e.g. {@code BertForMaskedLM}. */
  public String architecture() {
    return architecture.name();
  }

  /** The typed config.json. */
  public ModelConfig config() {
    return config;
  }

  /** Where it was loaded from. */
  public Path directory() {
    return directory;
  }

  /** Which tensors were used, tied, ignored or unexpected. */
  public LoadReport loadReport() {
    return loadReport;
  }

  /** Where it runs. */
  public Device device() {
    return context.device();
  }

  /** CPU kernel tier in use; {@code cuda} on a GPU. */
  public String tier() {
    return context.tier();
  }

  /** Precision it computes in. */
  public ComputeDtype dtype() {
    return context.dtype();
  }

  /** CPU threads a call may use, including the caller. */
  public int threads() {
    return context.threads();
  }

  NativeContext context() {
    return context;
  }

  /** Native bytes held now: packed weights, workspaces, caches, scratch. */
  public long nativeBytes() {
    try (var _ = lifetime.use()) {
      return context.bytes();
    }
  }

  /** Names {@link #forward} can give. */
  public List<String> outputNames() {
    return architecture.outputNames(config);
  }

  /**
   * Runs a batch of sequences of any lengths; none is padded.
   *
   * @param outputs names out of {@link #outputNames()}; heads nobody asks for are not computed
   * @throws IllegalArgumentException if an output name is unknown, an id is outside the vocabulary,
   *     a sequence is longer than the model's positions or inputs the model needs are missing
   * @throws IllegalStateException after {@link #close()}
   */
  public Outputs forward(Inputs inputs, Set<String> outputs) {
    List<String> known = outputNames();
    for (String name : outputs) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            architecture() + " has no output '" + name + "'; it has " + known);
      }
    }
    return run(inputs, inputs.batch(), _ -> new Taps(outputs));
  }

  /**
   * One vector per sequence of a per-token output, made where that is.
   *
   * @param masked leading tokens of each sequence that are not pooled
   */
  Outputs forwardPooled(Inputs inputs, String output, List<PoolingMode> modes, int[] masked) {
    boolean first = modes.equals(List.of(PoolingMode.CLS)) && Arrays.stream(masked).sum() == 0;
    return run(
        inputs,
        inputs.batch(),
        ws ->
            first
                ? Taps.rows(output, Rows.FIRST, ops, ws)
                : Taps.pooled(
                    output, (x, sequences) -> Pooling.pool(ops, ws, x, sequences, modes, masked)));
  }

  /**
   * A per-token output at some tokens alone: a vector each, counted as if each were a sequence.
   *
   * @param tokens ascending indices into the tokens of all sequences, one behind the other
   */
  Outputs forwardAt(Inputs inputs, String output, int[] tokens) {
    return run(inputs, tokens.length, ws -> Taps.rows(output, Rows.of(tokens), ops, ws));
  }

  private Outputs run(Inputs inputs, int results, Function<Workspace, Taps> tapping) {
    InputChecks.check(architecture(), config, inputs);
    try (var _ = lifetime.use();
        Workspace ws = workspaces.acquire()) {
      Taps taps = tapping.apply(ws);
      network.forward(ops, ws, Batch.of(ws, inputs), taps);
      return taps.outputs(results);
    }
  }

  /** Whether {@link #generate} works: the class has a language-model head. */
  public boolean canGenerate() {
    return network instanceof Decodable;
  }

  /**
   * Continues a prompt, as transformers' {@code generate()} does without beams.
   *
   * @return for a decoder-only model the prompt and what follows; for an encoder-decoder model the
   *     decoder's start token and what follows. An end-of-sequence id is kept as the last token.
   * @throws IllegalArgumentException if the prompt is not fit for the model or the text can't fit
   *     its positions
   * @throws UnsupportedOperationException unless {@link #canGenerate()}
   * @throws IllegalStateException after {@link #close()}
   */
  public int[] generate(int[] inputIds, GenerationOptions options) {
    return generateBatch(List.of(inputIds), options).getFirst();
  }

  /**
   * Continues several prompts of any lengths together: each step reads the weights once for all of
   * them. The texts are those of {@link #generate}, one by one; one that ends early is returned as
   * it is, without padding.
   *
   * @param inputIds prompts (decoder-only) or texts to encode (encoder-decoder), at least one
   * @param options for every prompt; prompt i draws with {@code seed + i}, and the listener sees
   *     the tokens of one step in the order of the prompts, where false ends that text alone
   * @return the texts in the order of the prompts, each as {@link #generate} gives it
   * @throws IllegalArgumentException if there is no prompt, one is not fit for the model or its
   *     text can't fit the positions
   * @throws UnsupportedOperationException unless {@link #canGenerate()}
   * @throws IllegalStateException after {@link #close()}
   */
  public List<int[]> generateBatch(List<int[]> inputIds, GenerationOptions options) {
    if (!(network instanceof Decodable decodable)) {
      throw new UnsupportedOperationException(
          architecture() + " has no language-model head, so it can't generate");
    }
    InputChecks.checkPrompts(config, inputIds);
    refuseUnsupported(generationConfig);
    int[] eos =
        options.eosTokenIds() != null
            ? options.eosTokenIds()
            : generationConfig.eosTokenIds().stream().mapToInt(Integer::intValue).toArray();
    try (var _ = lifetime.use()) {
      return GenerationLoop.generate(
          decodable,
          ops,
          workspaces::acquire,
          inputIds,
          options,
          eos,
          InputChecks.decoderStart(config, generationConfig));
    }
  }

  /** What a model's author asks of generate() that would change the text and isn't built yet. */
  private void refuseUnsupported(GenerationConfig c) {
    var asked = new TreeMap<String, Object>();
    if (c.numBeams() != 1) {
      asked.put("num_beams", c.numBeams());
    }
    if (c.repetitionPenalty() != 1) {
      asked.put("repetition_penalty", c.repetitionPenalty());
    }
    if (c.encoderRepetitionPenalty() != 1) {
      asked.put("encoder_repetition_penalty", c.encoderRepetitionPenalty());
    }
    if (c.noRepeatNgramSize() != 0) {
      asked.put("no_repeat_ngram_size", c.noRepeatNgramSize());
    }
    if (c.encoderNoRepeatNgramSize() != 0) {
      asked.put("encoder_no_repeat_ngram_size", c.encoderNoRepeatNgramSize());
    }
    if (!c.badWordsIds().isEmpty()) {
      asked.put("bad_words_ids", c.badWordsIds());
    }
    if (!c.suppressTokens().isEmpty() || !c.beginSuppressTokens().isEmpty()) {
      asked.put("suppress_tokens", c.suppressTokens());
    }
    if (c.forcedBosTokenId().isPresent() || !c.forcedEosTokenIds().isEmpty()) {
      asked.put("forced_bos_token_id or forced_eos_token_id", c.forcedEosTokenIds());
    }
    if (!asked.isEmpty()) {
      throw new ConfigException(
          directory + " (generation_config.json or config.json)",
          "asks generation for " + asked + ", which is not built yet; greedy and temperature are",
          null);
    }
  }

  /**
   * Frees the weights and caches, after the calls in flight have returned (this method doesn't wait
   * for them). Idempotent.
   */
  @Override
  public void close() {
    lifetime.close();
  }
}
