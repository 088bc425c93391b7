package dev.ffmstore;

/// How a load went.
///
/// @param tensors how many tensors were loaded
/// @param sourceBytes how many bytes of blocks were read
/// @param denseBytes how many bytes of elements were written
/// @param seconds how long the load took, from the open file to the store that can be used
/// @param threads how many workers there were
/// @param decoder which decoders were used
/// @param memory what kind of memory the tensors are in
/// @param scaledTensors how many tensors were multiplied by their companion scales
/// @param unappliedScales how many tensors have companion scales that were not applied; see
/// [TensorForm.Scales]
public record LoadReport(
        int tensors,
        long sourceBytes,
        long denseBytes,
        double seconds,
        int threads,
        String decoder,
        String memory,
        int scaledTensors,
        int unappliedScales) {

    /// {@return dense bytes written per second, in 10⁹}
    public double gigabytesPerSecond() {
        return seconds == 0 ? 0 : denseBytes / seconds / 1e9;
    }
}
