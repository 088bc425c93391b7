package dev.ffmstore.gguf;

/// The limits that [GgufFile#open(Source, GgufOptions)] sets to headers. Immutable.
///
/// @param maxMetadataBytes the largest header (metadata and tensor infos together) that is read, in bytes;
/// 1 or more
/// @param maxMetadataEntries the largest number of metadata keys that is read; 1 or more
/// @param maxTensors the largest number of tensors that is read; 1 or more
public record GgufOptions(long maxMetadataBytes, int maxMetadataEntries, int maxTensors) {
    private static final GgufOptions DEFAULTS = new GgufOptions(256L << 20, 1 << 16, 1 << 18);

    /// @throws IllegalArgumentException if a limit is not positive
    public GgufOptions {
        if (maxMetadataBytes < 1 || maxMetadataEntries < 1 || maxTensors < 1) {
            throw new IllegalArgumentException(
                    "limits are positive: " + maxMetadataBytes + ", " + maxMetadataEntries + ", " + maxTensors);
        }
    }

    /// {@return 256 MiB of metadata, 65,536 keys, 262,144 tensors: far beyond any known model}
    public static GgufOptions defaults() {
        return DEFAULTS;
    }

    /// {@return these options with another limit for the size of the metadata, in bytes}
    public GgufOptions withMaxMetadataBytes(long bytes) {
        return new GgufOptions(bytes, maxMetadataEntries, maxTensors);
    }

    /// {@return these options with another limit for the number of keys}
    public GgufOptions withMaxMetadataEntries(int entries) {
        return new GgufOptions(maxMetadataBytes, entries, maxTensors);
    }

    /// {@return these options with another limit for the number of tensors}
    public GgufOptions withMaxTensors(int tensors) {
        return new GgufOptions(maxMetadataBytes, maxMetadataEntries, tensors);
    }
}
