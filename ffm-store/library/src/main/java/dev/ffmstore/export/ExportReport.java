package dev.ffmstore.export;

/// How an export went.
///
/// @param files how many files were written
/// @param bytes the size of these files together, in bytes; of an export of one part, the size of the part
/// @param seconds how long the export took, until the files were forced to the disk and had their names
/// @param threads how many workers there were
public record ExportReport(int files, long bytes, double seconds, int threads) {

    /// {@return bytes of output written per second, in 10⁹}
    public double gigabytesPerSecond() {
        return seconds == 0 ? 0 : bytes / seconds / 1e9;
    }
}
