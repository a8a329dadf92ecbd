package dev.gatun.runtime.tensor;

import java.util.Arrays;

/**
 * Which blocks of a {@link KvCache} belong to which sequence, in the order of their tokens, and
 * which are free.
 */
final class BlockTable {

  private final int[][] owned; // per sequence; entries beyond count are unused
  private final int[] count;
  private int[] free = new int[0]; // a stack: entries beyond freeCount are unused
  private int freeCount;
  private int capacity;

  BlockTable(int sequences) {
    this.owned = new int[sequences][0];
    this.count = new int[sequences];
  }

  /** Blocks that exist. */
  int capacity() {
    return capacity;
  }

  /** Blocks that sequences own. */
  int inUse() {
    return capacity - freeCount;
  }

  /** Blocks that must exist for every sequence to own at least {@code needed[b]}. */
  int requiredCapacity(int[] needed) {
    long required = 0;
    for (int b = 0; b < count.length; b++) {
      required += Math.max(needed[b], count[b]);
    }
    return Math.toIntExact(required);
  }

  /** Adds free blocks up to {@code newCapacity}. */
  void grow(int newCapacity) {
    free = Arrays.copyOf(free, newCapacity);
    // Highest first: the stack then hands out ascending numbers.
    for (int block = newCapacity - 1; block >= capacity; block--) {
      free[freeCount++] = block;
    }
    capacity = newCapacity;
  }

  /** Lets every sequence own at least {@code needed[b]} blocks. */
  void assign(int[] needed) {
    for (int b = 0; b < count.length; b++) {
      if (needed[b] > owned[b].length) {
        owned[b] = Arrays.copyOf(owned[b], Math.max(needed[b], owned[b].length * 2));
      }
      while (count[b] < needed[b]) {
        owned[b][count[b]++] = free[--freeCount];
      }
    }
  }

  /** Takes the blocks of a sequence beyond the first {@code keep}. */
  void shrink(int sequence, int keep) {
    while (count[sequence] > keep) {
      free[freeCount++] = owned[sequence][--count[sequence]];
    }
  }

  /** Row length of {@link #table()}: the most blocks that a sequence owns, at least 1. */
  int width() {
    int width = 1;
    for (int blocks : count) {
      width = Math.max(width, blocks);
    }
    return width;
  }

  /** {@code [sequences, width()]}, row by row; places without a block hold 0 and are never read. */
  int[] table() {
    int width = width();
    int[] table = new int[count.length * width];
    for (int b = 0; b < count.length; b++) {
      System.arraycopy(owned[b], 0, table, b * width, count[b]);
    }
    return table;
  }
}
