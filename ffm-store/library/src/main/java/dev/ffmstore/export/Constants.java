package dev.ffmstore.export;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.Tensor;
import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Makes sources of constants.
///
/// ```java
/// LoadOptions options = LoadOptions.defaults().names(Names.hf()).dtypes(DTypes.all(DType.BF16));
/// try (GgufFile file = GgufFile.open(path)) {
///     ConstantSource constants = Constants.of(file, options);   // nothing is loaded
///     try (ConstantReader reader = constants.openReader()) {
///         for (Constant constant : constants.constants()) { … reader.read(constant, offset, segment); … }
///     }
///     constants.checkUnchanged();
/// }
/// ```
///
/// Of a file, and of a store that was loaded from it with the model's own types and names, the same options give
/// the same names, shapes and bytes.
public final class Constants {
    private Constants() {}

    /// {@return the tensors of a file that is not loaded, decoded as they are read}
    ///
    /// @param file the file, which stays open as long as the source is used, and stays the caller's
    /// @param options which tensors, in which form: filter, types, names, companion scales and decoders count here,
    /// the rest is about loads
    /// @throws GgufException as [LoadPlan#of(GgufFile, LoadOptions)] does
    /// @throws IllegalArgumentException if a pattern matches no tensor
    /// @throws UnsupportedOperationException if vector decoders are asked for and cannot be had
    public static ConstantSource of(GgufFile file, LoadOptions options) throws GgufException {
        LoadPlan plan = LoadPlan.of(file, options);
        Map<String, String> storedTypes = new HashMap<>();
        plan.slots()
                .forEach(slot -> storedTypes.put(slot.storedName(), slot.type().name()));
        return new PlannedConstants(
                plan,
                file.source(),
                options.decoder().decoders(plan.denseBytes()),
                storedTypes,
                Map.of(),
                file::checkUnchanged);
    }

    /// {@return the tensors of a store, as they lie in it}
    ///
    /// @param store the store, which stays open as long as the source is used, and stays the caller's
    public static ConstantSource of(TensorStore store) {
        try {
            return of(store, LoadOptions.defaults());
        } catch (GgufException e) {
            throw new IllegalStateException(e); // a store that was planned once can be planned again as it is
        }
    }

    /// {@return the tensors of a store, in another form}
    ///
    /// Those that keep theirs have a segment; the others are converted as they are read.
    ///
    /// @param store the store, which stays open as long as the source is used, and stays the caller's
    /// @param options which tensors, in which form: filter, types and names count here. Companion scales have been
    /// applied by the load, or not at all
    /// @throws GgufException as [LoadPlan#of(TensorStore, LoadOptions)] does
    /// @throws IllegalArgumentException as [LoadPlan#of(TensorStore, LoadOptions)] does
    public static ConstantSource of(TensorStore store, LoadOptions options) throws GgufException {
        LoadPlan plan = LoadPlan.of(store, options);
        Map<String, String> storedTypes = new HashMap<>();
        store.plan()
                .slots()
                .forEach(slot -> storedTypes.put(slot.name(), slot.type().name()));
        Map<String, MemorySegment> segments = new HashMap<>();
        for (LoadPlan.Slot slot : plan.slots()) {
            Tensor tensor = store.tensor(slot.storedName());
            if (slot.dtype() == tensor.dtype() && slot.keepsElements()) {
                segments.put(slot.name(), tensor.segment());
            }
        }
        return new PlannedConstants(
                plan, new StoreBytes(store), BlockDecoders.scalar(), storedTypes, segments, store::tensors);
    }
}
