package dev.gatun.runtime.tensor;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.KernelCalls;
import dev.gatun.runtime.nativelib.NativeArena;
import dev.gatun.runtime.nativelib.NativeContext;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Keys and values of earlier tokens, paged (Kwon et al., arXiv 2309.06180): each sequence owns a
 * list of blocks of {@link #BLOCK_SIZE} tokens, so that memory follows the tokens that are there.
 * One block holds its tokens' keys and values of all layers; hence one list serves all layers.
 *
 * <p>A decoding step: {@link #extend} makes room, every layer writes and attends through its {@link
 * Layer}, {@link Step#commit} makes the tokens part of the cache. A step that is never committed
 * leaves the cache as it was. Used by one thread at a time.
 */
public final class KvCache implements MemoryOwner, AutoCloseable {

  /** Tokens per block. */
  public static final int BLOCK_SIZE = 64;

  private final NativeContext context;
  private final int layers;
  private final long keyFeatures;
  private final long valueFeatures;
  private final int maxLength;

  private final int[] lengths;
  private final BlockTable blocks;
  private NativeArena arena;
  private Tensor memory; // [blocks, all layers' keys and values of a block]
  private Step current;
  private volatile boolean closed;

  /**
   * An empty cache; memory comes with the first tokens.
   *
   * @param layers attention layers that share it
   * @param sequences batch size, fixed
   * @param keyFeatures features of one token's keys in one layer: kv heads x head size
   * @param valueFeatures features of one token's values in one layer
   * @param maxLength most tokens of one sequence
   */
  public KvCache(
      NativeContext context,
      int layers,
      int sequences,
      long keyFeatures,
      long valueFeatures,
      int maxLength) {
    if (layers < 1 || sequences < 1 || keyFeatures < 1 || valueFeatures < 1 || maxLength < 1) {
      throw new IllegalArgumentException(
          "a cache of %d layers, %d sequences, %d + %d features, %d tokens"
              .formatted(layers, sequences, keyFeatures, valueFeatures, maxLength));
    }
    context.requireOpen();
    this.context = context;
    this.layers = layers;
    this.keyFeatures = keyFeatures;
    this.valueFeatures = valueFeatures;
    this.maxLength = maxLength;
    this.lengths = new int[sequences];
    this.blocks = new BlockTable(sequences);
  }

  /** Number of sequences. */
  public int sequences() {
    return lengths.length;
  }

  /** Committed tokens of a sequence. */
  public int length(int sequence) {
    return lengths[sequence];
  }

  /** Committed tokens of each sequence. */
  public int[] lengths() {
    return lengths.clone();
  }

  /** Bytes of device memory held. */
  public long bytes() {
    requireOpen();
    return memory == null ? 0 : memory.segment().byteSize();
  }

  /** Blocks that sequences own. */
  public int blocksInUse() {
    return blocks.inUse();
  }

  /**
   * Begins a step that adds these tokens.
   *
   * @param workspace where the step's block table lives, for as long as the step
   * @param tokens new tokens per sequence, in the cache's order; a sequence may have none
   * @throws IllegalArgumentException if a sequence would exceed the maximal length
   * @throws dev.gatun.NativeOutOfMemoryException if the memory cannot grow; the cache is as before
   */
  public Step extend(Workspace workspace, Sequences tokens) {
    requireOpen();
    if (tokens.count() != sequences()) {
      throw new IllegalArgumentException(tokens + " for a cache of " + sequences() + " sequences");
    }
    int[] after = new int[sequences()];
    int[] needed = new int[sequences()];
    for (int b = 0; b < after.length; b++) {
      if (tokens.length(b) > maxLength - lengths[b]) {
        throw new IllegalArgumentException(
            "sequence %d has %d tokens cached and %d new: more than the cache's %d"
                .formatted(b, lengths[b], tokens.length(b), maxLength));
      }
      after[b] = lengths[b] + tokens.length(b);
      needed[b] = Math.ceilDiv(after[b], BLOCK_SIZE);
    }
    reserve(workspace, blocks.requiredCapacity(needed));
    blocks.assign(needed);
    Sequences visible = Sequences.of(workspace, after);
    Tensor before = workspace.ints(lengths);
    Tensor table = workspace.ints(blocks.table());
    current = new Step(tokens, visible, before, table, blocks.width());
    return current;
  }

  /** Begins a step that adds nothing and reads what is there: cross-attention, filled once. */
  public Step read(Workspace workspace) {
    return extend(workspace, Sequences.of(workspace, new int[sequences()]));
  }

  /**
   * Forgets the tokens of a sequence from position {@code length} on.
   *
   * @throws IllegalArgumentException if it has fewer
   */
  public void truncate(int sequence, int length) {
    requireOpen();
    if (length < 0 || length > lengths[sequence]) {
      throw new IllegalArgumentException(
          "sequence %d has %d tokens: cannot be cut to %d"
              .formatted(sequence, lengths[sequence], length));
    }
    current = null;
    lengths[sequence] = length;
    blocks.shrink(sequence, Math.ceilDiv(length, BLOCK_SIZE));
  }

  /** Forgets all tokens, keeping memory. */
  public void reset() {
    for (int b = 0; b < lengths.length; b++) {
      truncate(b, 0);
    }
  }

  @Override
  public NativeContext context() {
    return context;
  }

  @Override
  public void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the KV cache is closed");
    }
  }

  /** Frees the memory. Closing twice is allowed. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (arena != null) {
        arena.close();
      }
    }
  }

  /** Elements that one block holds over all layers. */
  private long blockElements() {
    return layers * BLOCK_SIZE * (keyFeatures + valueFeatures);
  }

  /**
   * Makes room for {@code needed} blocks. Later growth is by half, so that copying stays in
   * proportion to the tokens. The blocks are copied with the one kernel that moves rows from one
   * device memory to another.
   */
  private synchronized void reserve(Workspace workspace, int needed) {
    requireOpen(); // again, now that close() cannot come between
    int held = blocks.capacity();
    if (needed <= held) {
      return;
    }
    long bound = (long) sequences() * Math.ceilDiv(maxLength, BLOCK_SIZE);
    int capacity =
        (int) Math.min(Math.max(needed, held + held / 2L), Math.min(bound, Integer.MAX_VALUE));
    NativeArena larger = new NativeArena(context);
    try {
      long bytes = Math.multiplyExact(Math.multiplyExact(blockElements(), capacity), Float.BYTES);
      MemorySegment segment = larger.allocate(bytes);
      if (held > 0) {
        workspace.scratch().submit(); // the copy is no part of the step that comes again
        int[] all = new int[held];
        Arrays.setAll(all, i -> i);
        long mark = workspace.mark();
        new KernelCalls(context)
            .embed(
                workspace.scratch(),
                memory.segment(),
                DType.F32,
                held,
                blockElements(),
                blockElements(),
                workspace.ints(all).segment(),
                held,
                false,
                segment,
                blockElements());
        workspace.release(mark);
        workspace.scratch().synchronize(); // before what it reads is freed
      }
      Tensor grown = new Tensor(this, segment, DType.F32, Shape.of(capacity, blockElements()));
      if (arena != null) {
        arena.close();
      }
      arena = larger;
      memory = grown;
      blocks.grow(capacity);
    } catch (RuntimeException | Error e) {
      larger.close();
      throw e;
    }
  }

  /** New tokens on their way into the cache, with the tables that kernels find the blocks by. */
  public final class Step {

    private final Sequences added;
    private final Sequences visible;
    private final Tensor lengthsBefore;
    private final Tensor blockTable;
    private final int blocksPerSequence;

    private Step(
        Sequences added,
        Sequences visible,
        Tensor lengthsBefore,
        Tensor blockTable,
        int blocksPerSequence) {
      this.added = added;
      this.visible = visible;
      this.lengthsBefore = lengthsBefore;
      this.blockTable = blockTable;
      this.blocksPerSequence = blocksPerSequence;
    }

    /** The cache as one attention layer sees it. */
    public Layer layer(int index) {
      if (index < 0 || index >= layers) {
        throw new IndexOutOfBoundsException("layer " + index + " of a cache of " + layers);
      }
      return new Layer(this, index);
    }

    /** Makes the new tokens part of the cache, once every layer has appended them. */
    public void commit() {
      requireCurrent();
      current = null;
      for (int b = 0; b < lengths.length; b++) {
        lengths[b] = visible.length(b);
      }
    }

    private void requireCurrent() {
      requireOpen();
      if (current != this) {
        throw new IllegalStateException(
            "this step is over: the cache was committed, cut or extended since");
      }
    }
  }

  /** Keys and values of one layer during a step; what {@code Ops} passes to kernels. */
  public final class Layer {

    private final Step step;
    private final int index;

    private Layer(Step step, int index) {
      this.step = step;
      this.index = index;
    }

    public KvCache cache() {
      return KvCache.this;
    }

    /** The tokens that this step adds. */
    public Sequences added() {
      return step.added;
    }

    /** All tokens that attention sees: those before and those added. */
    public Sequences visible() {
      return step.visible;
    }

    /** Tokens of each sequence before this step: I32 {@code [sequences]}. */
    public Tensor lengthsBefore() {
      return step.lengthsBefore;
    }

    /** I32 {@code [sequences * blocksPerSequence]}. */
    public Tensor blockTable() {
      return step.blockTable;
    }

    public int blocksPerSequence() {
      return step.blocksPerSequence;
    }

    public long keyFeatures() {
      return keyFeatures;
    }

    public long valueFeatures() {
      return valueFeatures;
    }

    /** Elements between the same token row of consecutive blocks. */
    public long blockStride() {
      return blockElements();
    }

    /**
     * This layer's keys in block 0: rows {@code keyFeatures()} apart, blocks {@code blockStride()}
     * apart.
     */
    public MemorySegment keys() {
      return from(index * BLOCK_SIZE * (keyFeatures + valueFeatures));
    }

    /** This layer's values in block 0. */
    public MemorySegment values() {
      return from(index * BLOCK_SIZE * (keyFeatures + valueFeatures) + BLOCK_SIZE * keyFeatures);
    }

    private MemorySegment from(long element) {
      step.requireCurrent();
      // No block yet: kernels get a valid pointer that they have nothing to read from.
      return memory == null
          ? step.lengthsBefore.segment()
          : memory.segment().asSlice(element * Float.BYTES);
    }
  }
}
