package dev.ffmstore;

import java.io.IOException;

/// Thrown by a load that was refused, or failed, for want of memory. Nothing stays allocated, except for what an
/// arena of the caller's holds already (see [LoadOptions#arena(java.lang.foreign.Arena)]).
public final class InsufficientMemoryException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long requiredBytes;
    private final long availableBytes;

    InsufficientMemoryException(String message, long requiredBytes, long availableBytes) {
        super(message);
        this.requiredBytes = requiredBytes;
        this.availableBytes = availableBytes;
    }

    /// {@return how much memory the load takes at its peak, in bytes}
    public long requiredBytes() {
        return requiredBytes;
    }

    /// {@return how much memory there was, in bytes, or -1 if that is not known}
    public long availableBytes() {
        return availableBytes;
    }
}
