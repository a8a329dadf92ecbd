package dev.gatun.loader;

/**
 * Two names for one weight: {@code target} takes the value of {@code source}. Pairs that share a
 * name form one group, and a checkpoint may hold it under any of the group's names: which one
 * depends on who saved it.
 */
public record TiedGroup(String target, String source) {}
