package dev.ffmstore.gguf;

/// The limits that [GgufFile#open(Source, GgufOptions)] sets to headers. Immutable.
///
/// @param maxMetadataBytes the largest header (metadata and tensor infos together) that is read, in bytes;
/// 1 or more
/// @param maxMetadataEntries the largest number of metadata keys that is read; 1 or more
/// @param maxTensors the largest number of tensors that is read; 1 or more
/// @param maxNameBytes the longest tensor name that is read, in bytes; 1 to 65,535
public record GgufOptions(long maxMetadataBytes, int maxMetadataEntries, int maxTensors, int maxNameBytes) {
    private static final GgufOptions DEFAULTS = new GgufOptions(256L << 20, 1 << 16, 1 << 20, 1024);
    private static final int LONGEST_NAME = 65_535;

    /// @throws IllegalArgumentException if a limit is out of range
    public GgufOptions {
        if (maxMetadataBytes < 1 || maxMetadataEntries < 1 || maxTensors < 1) {
            throw new IllegalArgumentException(
                    "limits are positive: " + maxMetadataBytes + ", " + maxMetadataEntries + ", " + maxTensors);
        }
        if (maxNameBytes < 1 || maxNameBytes > LONGEST_NAME) {
            throw new IllegalArgumentException(
                    "longest name: expected 1 to " + LONGEST_NAME + " bytes, got " + maxNameBytes);
        }
    }

    /// {@return 256 MiB of metadata, 65,536 keys, 1,048,576 tensors, names of 1,024 bytes: far beyond any known
    /// model}
    public static GgufOptions defaults() {
        return DEFAULTS;
    }

    /// {@return these options with another limit for the size of the metadata, in bytes}
    public GgufOptions withMaxMetadataBytes(long bytes) {
        return new GgufOptions(bytes, maxMetadataEntries, maxTensors, maxNameBytes);
    }

    /// {@return these options with another limit for the number of keys}
    public GgufOptions withMaxMetadataEntries(int entries) {
        return new GgufOptions(maxMetadataBytes, entries, maxTensors, maxNameBytes);
    }

    /// {@return these options with another limit for the number of tensors}
    public GgufOptions withMaxTensors(int tensors) {
        return new GgufOptions(maxMetadataBytes, maxMetadataEntries, tensors, maxNameBytes);
    }

    /// {@return these options with another limit for the length of tensor names, in bytes}
    public GgufOptions withMaxNameBytes(int bytes) {
        return new GgufOptions(maxMetadataBytes, maxMetadataEntries, maxTensors, bytes);
    }
}
