package dev.gatun.loader.hub;

import java.util.Set;

/**
 * A revision of a repository.
 *
 * @param commit 40 hexadecimal digits
 * @param files names of all its files that could be stored
 */
record RepositoryListing(String commit, Set<String> files) {}
