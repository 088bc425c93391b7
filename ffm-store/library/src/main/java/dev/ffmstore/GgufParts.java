package dev.ffmstore;

import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.text.Problem;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Opens a GGUF file, and if it is a part of a split model, all the other parts.
///
/// ```text
/// NAME-00001-of-00003.gguf   split.no = 0   split.count = 3   split.tensors.count = 291   the model's metadata
/// NAME-00002-of-00003.gguf   split.no = 1   split.count = 3   split.tensors.count = 291
/// NAME-00003-of-00003.gguf   split.no = 2   split.count = 3   split.tensors.count = 291
/// ```
///
/// The names, what each part says of itself and the number of tensors must agree, and what is said twice must be
/// the same.
final class GgufParts {
    /// Opens a file that lies beside another one.
    @FunctionalInterface
    interface Siblings {
        /// {@return the file of this name, in the folder of the one that was given; the caller closes it}
        Source open(String name) throws IOException;
    }

    private static final Pattern NAME = Pattern.compile("(.*)-([0-9]{5})-of-([0-9]{5})\\.gguf");
    private static final String NUMBER = "split.no";
    private static final String COUNT = "split.count";
    private static final String TENSORS = "split.tensors.count";

    /// Metadata that each part may have of its own.
    private static final String ALIGNMENT = "general.alignment";

    /// What a part says of itself; a number is absent if it says nothing.
    private record Split(OptionalLong number, OptionalLong count, OptionalLong tensors) {
        static Split of(GgufFile file) throws GgufException {
            return new Split(integer(file, NUMBER), integer(file, COUNT), integer(file, TENSORS));
        }

        private static OptionalLong integer(GgufFile file, String key) throws GgufException {
            Optional<MetadataValue> value = file.metadata().find(key);
            if (value.isEmpty()) {
                return OptionalLong.empty();
            }
            if (value.get() instanceof MetadataValue.Int number && number.value() >= 0) {
                return OptionalLong.of(number.value());
            }
            throw GgufException.of(
                    file.name(),
                    "metadata key {} is not a number of parts or tensors: {} {}",
                    key,
                    value.get().type(),
                    value.get());
        }

        boolean isPart() {
            return count.isPresent() && count.getAsLong() > 1;
        }
    }

    /// The place of a part in the name of its file.
    private record PartName(String stem, int number, int count) {
        static Optional<PartName> of(String fileName) {
            Matcher matcher = NAME.matcher(fileName);
            return matcher.matches()
                    ? Optional.of(new PartName(
                            matcher.group(1), Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3))))
                    : Optional.empty();
        }

        String other(int part) {
            return String.format("%s-%05d-of-%05d.gguf", stem, part, count);
        }
    }

    private GgufParts() {}

    /// {@return the file alone, or all parts of the model in their order; the caller closes them}
    ///
    /// @param given the file, which is owned from here on: it is closed if this throws
    /// @param limits the limits of each header
    /// @param siblings opens the other parts
    /// @throws GgufException if a part is malformed, missing, or does not go with the others
    static List<GgufFile> open(Source given, GgufOptions limits, Siblings siblings) throws IOException {
        List<GgufFile> opened = new ArrayList<>();
        try {
            GgufFile file = GgufFile.open(given, limits);
            opened.add(file);
            Optional<PartName> name = PartName.of(lastName(file.name()));
            Split split = Split.of(file);
            if (!split.isPart()) {
                requireWhole(file, split, name);
                return opened;
            }
            PartName part = name.orElseThrow(() -> GgufException.of(
                    file.name(),
                    "is part {} of {} of a split model, whose other parts cannot be found: expected a name that ends in"
                            + " {}",
                    split.number().orElse(0) + 1,
                    split.count().getAsLong(),
                    String.format(
                            "-%05d-of-%05d.gguf",
                            split.number().orElse(0) + 1, split.count().getAsLong())));
            requireNamed(file, split, part);
            return join(file, split, part, limits, siblings, opened);
        } catch (Throwable failure) {
            close(opened, failure);
            throw failure;
        }
    }

    private static String lastName(String name) {
        return name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
    }

    /// Makes sure that a file that does not say it is a part of several is not one.
    private static void requireWhole(GgufFile file, Split split, Optional<PartName> name) throws GgufException {
        long count = split.count().orElse(1);
        if (name.isPresent() && name.get().count() > 1) {
            throw GgufException.of(
                    file.name(),
                    "is named as part {} of {} of a split model, but the metadata key {} {}",
                    name.get().number(),
                    name.get().count(),
                    COUNT,
                    split.count().isPresent() ? "says " + count : "is missing");
        }
        if (split.number().orElse(0) != 0) {
            throw GgufException.of(
                    file.name(),
                    "says {} = {} of {} = {}",
                    NUMBER,
                    split.number().getAsLong(),
                    COUNT,
                    count);
        }
        requireTensors(file.name(), split, file.tensors().size());
    }

    private static void requireTensors(String name, Split split, long tensors) throws GgufException {
        if (split.tensors().isPresent() && split.tensors().getAsLong() != tensors) {
            throw GgufException.of(
                    name,
                    "has {} tensors in all its parts, but {} says {}",
                    tensors,
                    TENSORS,
                    split.tensors().getAsLong());
        }
    }

    /// Makes sure that a part is what its name says.
    private static void requireNamed(GgufFile file, Split split, PartName name) throws GgufException {
        if (split.count().orElse(0) != name.count()) {
            throw GgufException.of(
                    file.name(),
                    "is named as one of {} parts, but {} says {}",
                    name.count(),
                    COUNT,
                    split.count().isPresent() ? split.count().getAsLong() : "nothing");
        }
        if (split.number().orElse(-1) != name.number() - 1) {
            throw GgufException.of(
                    file.name(),
                    "is named as part {} of {}, but {} says {}, counted from 0",
                    name.number(),
                    name.count(),
                    NUMBER,
                    split.number().isPresent() ? split.number().getAsLong() : "nothing");
        }
    }

    private static List<GgufFile> join(
            GgufFile given, Split split, PartName name, GgufOptions limits, Siblings siblings, List<GgufFile> opened)
            throws IOException {
        List<GgufFile> parts = new ArrayList<>();
        Map<String, GgufFile> holders = new HashMap<>();
        for (int number = 1; number <= name.count(); number++) {
            GgufFile part = given;
            Split its = split;
            if (number != name.number()) {
                part = GgufFile.open(sibling(given, name, number, siblings), limits);
                opened.add(part);
                its = Split.of(part);
                requireNamed(part, its, new PartName(name.stem(), number, name.count()));
            }
            parts.add(part);
            requireSameModel(parts.getFirst(), part, its, split);
            for (TensorInfo tensor : part.tensors()) {
                GgufFile other = holders.put(tensor.name(), part);
                if (other != null) {
                    throw GgufException.of(
                            part.name(), "tensor {} is already in {}", tensor.name(), lastName(other.name()));
                }
            }
        }
        requireTensors(parts.getFirst().name(), split, holders.size());
        return parts;
    }

    private static Source sibling(GgufFile given, PartName name, int number, Siblings siblings) throws IOException {
        String other = name.other(number);
        try {
            return siblings.open(other);
        } catch (NoSuchFileException | FileNotFoundException e) {
            String last = lastName(given.name());
            String folder = given.name().substring(0, given.name().length() - last.length());
            GgufException missing = GgufException.of(
                    folder + other,
                    "is missing: it is part {} of {}, as {} is part {}",
                    number,
                    name.count(),
                    last,
                    name.number());
            missing.initCause(e);
            throw missing;
        }
    }

    /// Makes sure that what a part says of the model is what the first part says, or that it says nothing.
    private static void requireSameModel(GgufFile first, GgufFile part, Split its, Split split) throws GgufException {
        if (!its.tensors().equals(split.tensors())) {
            throw GgufException.of(
                    part.name(),
                    "is of another model: {} says {}, and another part {}",
                    TENSORS,
                    Problem.printable(shown(its.tensors())),
                    Problem.printable(shown(split.tensors())));
        }
        Metadata metadata = part.metadata();
        for (String key : metadata.asMap().keySet()) {
            boolean isOwn = key.equals(NUMBER) || key.equals(ALIGNMENT);
            if (!isOwn && !metadata.find(key).equals(first.metadata().find(key))) {
                throw GgufException.of(
                        part.name(),
                        "is of another model than {}: metadata key {} is {} there",
                        lastName(first.name()),
                        key,
                        first.metadata().find(key).map(Object::toString).orElse("missing"));
            }
        }
    }

    private static String shown(OptionalLong number) {
        return number.isPresent() ? Long.toString(number.getAsLong()) : "nothing";
    }

    /// Closes files after a failure, which keeps what goes wrong meanwhile.
    static void close(List<GgufFile> files, Throwable failure) {
        for (GgufFile file : files) {
            try {
                file.close();
            } catch (IOException | RuntimeException e) {
                failure.addSuppressed(e);
            }
        }
    }
}
