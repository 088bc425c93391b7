package dev.ffmstore.export;

import dev.ffmstore.TensorSource;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The inputs of some layouts: the models of their tensors, and the files that they copy from, with the identities
/// that these files had when the export began.
final class CopiedSources {
    private final Set<TensorSource> tensors = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Source, Source.Identity> identities = new IdentityHashMap<>();

    CopiedSources(List<NamedLayout> files) throws IOException {
        for (NamedLayout file : files) {
            file.layout().tensors().ifPresent(tensors::add);
            for (FileLayout.Placed placed : file.layout().pieces()) {
                if (placed.piece() instanceof FileLayout.Copy copy && !identities.containsKey(copy.source())) {
                    identities.put(copy.source(), copy.source().identity());
                }
            }
        }
    }

    void checkUnchanged() throws IOException {
        for (TensorSource source : tensors) {
            source.checkUnchanged();
        }
        for (Map.Entry<Source, Source.Identity> entry : identities.entrySet()) {
            if (!entry.getKey().identity().equals(entry.getValue())) {
                throw new IOException(
                        Printable.escape(entry.getKey().name()) + ": has changed while it was being read");
            }
        }
    }
}
