package dev.ffmstore.export;

/// How an export went.
///
/// @param files how many files were written
/// @param bytes how many bytes they have, or, of a part, how many it has
/// @param seconds how long it took, until the files were forced to the disk and had their names
/// @param threads how many workers there were
public record ExportReport(int files, long bytes, double seconds, int threads) {

    /// {@return bytes of output written per second, in 10⁹}
    public double gigabytesPerSecond() {
        return seconds == 0 ? 0 : bytes / seconds / 1e9;
    }
}
