package dev.gatun.loader.hub;

import java.net.URI;

/**
 * What the hub says about a file.
 *
 * @param commit 40 hexadecimal digits
 * @param etag git's SHA-1 of the file as a blob, or the SHA-256 of its content
 * @param size bytes; -1 if not said
 * @param location where the content is
 */
record FileMetadata(String commit, String etag, long size, URI location) {}
