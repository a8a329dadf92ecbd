package dev.gatun.loader.hub;

import dev.gatun.loader.GatunException;

/**
 * Why a model could not be had from the hub or put into the cache: one class per cause, each with
 * what to do in its message. No message holds a token or the query of an address, which may be a
 * signature.
 */
public abstract sealed class HubException extends GatunException {
  private static final long serialVersionUID = 1L;

  private HubException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Whether the hub could not be asked at all, rather than gave an answer: a cached copy then
   * serves in its place.
   */
  public boolean isUnreachable() {
    return this instanceof Offline
        || this instanceof Unreachable
        || this instanceof Timeout
        || this instanceof RateLimited
        || this instanceof ServerFailure;
  }

  /** No such repository, or a private one and no token that may read it. */
  public static final class RepositoryNotFound extends HubException {
    private static final long serialVersionUID = 1L;

    RepositoryNotFound(String message) {
      super(message, null);
    }
  }

  /** The repository's owner wants to be asked first. */
  public static final class GatedRepository extends HubException {
    private static final long serialVersionUID = 1L;

    GatedRepository(String message) {
      super(message, null);
    }
  }

  /** The hub has disabled access. */
  public static final class RepositoryDisabled extends HubException {
    private static final long serialVersionUID = 1L;

    RepositoryDisabled(String message) {
      super(message, null);
    }
  }

  /** The repository has no such branch, tag or commit. */
  public static final class RevisionNotFound extends HubException {
    private static final long serialVersionUID = 1L;

    RevisionNotFound(String message) {
      super(message, null);
    }
  }

  /** The repository has no such file. */
  public static final class FileNotFound extends HubException {
    private static final long serialVersionUID = 1L;
    private final String commit;

    FileNotFound(String message, String commit) {
      super(message, null);
      this.commit = commit;
    }

    /** The commit that was looked at; null if the hub did not say. */
    String commit() {
      return commit;
    }
  }

  /** The weights exist only in forms that are not read here. */
  public static final class NoSafetensors extends HubException {
    private static final long serialVersionUID = 1L;

    NoSafetensors(String message) {
      super(message, null);
    }
  }

  /** The hub refused the token (401), or what is given as one cannot be a token. */
  public static final class InvalidToken extends HubException {
    private static final long serialVersionUID = 1L;

    InvalidToken(String message) {
      super(message, null);
    }
  }

  /** The token is good but may not read this (403). */
  public static final class Forbidden extends HubException {
    private static final long serialVersionUID = 1L;

    Forbidden(String message) {
      super(message, null);
    }
  }

  /** Too many requests (429), still so after waiting. */
  public static final class RateLimited extends HubException {
    private static final long serialVersionUID = 1L;

    RateLimited(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The environment forbids network access and the cache lacks what is needed. */
  public static final class Offline extends HubException {
    private static final long serialVersionUID = 1L;

    Offline(String message) {
      super(message, null);
    }
  }

  /** No connection: name not resolved, refused, broken off, TLS. */
  public static final class Unreachable extends HubException {
    private static final long serialVersionUID = 1L;

    Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** No answer in time, a transfer that stood still, or one too slow to end. */
  public static final class Timeout extends HubException {
    private static final long serialVersionUID = 1L;

    Timeout(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The hub's own failure (5xx), still so after retries. */
  public static final class ServerFailure extends HubException {
    private static final long serialVersionUID = 1L;

    ServerFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** An answer that no hub gives: metadata missing or malformed, an unexpected status. */
  public static final class BadResponse extends HubException {
    private static final long serialVersionUID = 1L;

    BadResponse(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Redirects without end, or to a place that is not asked. */
  public static final class BadRedirect extends HubException {
    private static final long serialVersionUID = 1L;

    BadRedirect(String message) {
      super(message, null);
    }
  }

  /** The content is longer or shorter than the hub says. */
  public static final class SizeMismatch extends HubException {
    private static final long serialVersionUID = 1L;

    SizeMismatch(String message) {
      super(message, null);
    }
  }

  /** The content has another hash than the hub says. */
  public static final class ChecksumMismatch extends HubException {
    private static final long serialVersionUID = 1L;

    ChecksumMismatch(String message) {
      super(message, null);
    }
  }

  /** A name that would lead out of the cache. */
  public static final class UnsafeName extends HubException {
    private static final long serialVersionUID = 1L;

    UnsafeName(String message) {
      super(message, null);
    }
  }

  /** The cache cannot be written or read: no space, no permission, a broken file system. */
  public static final class CacheFailure extends HubException {
    private static final long serialVersionUID = 1L;

    CacheFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A setting of the environment that cannot be. */
  public static final class BadSetting extends HubException {
    private static final long serialVersionUID = 1L;

    BadSetting(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The thread was interrupted while it waited; its interrupt flag is set again. */
  public static final class Interrupted extends HubException {
    private static final long serialVersionUID = 1L;

    Interrupted(Throwable cause) {
      super("the download was interrupted", cause);
    }
  }
}
