package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;

/// Finds which resources MLIR bytecode uses, and as tensors of which types.
///
/// ```text
/// section 3   varint number of attributes, varint number of types, then groups, those of attributes first:
///             varint dialect, varint count, count × varint (size << 1 | hasEncoding)
/// section 2   the attributes and types, one after the other; one without an encoding is text and a NUL
///
/// attribute of dialect builtin   varint 16, varint type, varint resource                dense_resource
/// types of dialect builtin       varint 13, varint rank, zigzag dimensions, varint type tensor
///                                varint 14, varint attribute, then as 13                 tensor with an encoding
///                                varint 0, varint (width << 2 | signedness)              integer
///                                varint 3, 4, 5, 6                                       bf16, f16, f32, f64
/// ```
///
/// Types and attributes are visited, not held: memory grows with the number of resources alone.
final class BytecodeTypes {
    private static final int DENSE_RESOURCE = 16;
    private static final int INTEGER = 0;
    private static final int BF16 = 3;
    private static final int F16 = 4;
    private static final int F32 = 5;
    private static final int F64 = 6;
    private static final int TENSOR = 13;
    private static final int TENSOR_WITH_ENCODING = 14;
    private static final int MAX_RANK = 64;
    private static final int MAX_ELEMENT_TEXT = 64;

    /// An attribute whose data is a resource.
    ///
    /// @param type the index of its type
    /// @param resource the index of the resource
    /// @param offset where the attribute is in the file
    record Use(long type, long resource, long offset) {}

    /// A tensor type as bytecode has it.
    ///
    /// @param element the index of the type of its elements
    /// @param encoded whether the tensor type has an encoding
    private record Tensor(List<Long> dimensions, long element, boolean encoded) {}

    /// An attribute or type.
    ///
    /// @param builtin whether the entry belongs to the dialect builtin
    /// @param encoded whether the entry is bytecode, not text
    private record Entry(long index, boolean builtin, boolean encoded, long offset, long size) {}

    private interface Visitor {
        void visit(Entry entry) throws IOException;
    }

    private final BytecodeSection offsets;
    private final ModuleCursor data;
    private final BytecodeSection dataSection;
    private final LongPredicate isBuiltin;

    /// @param isBuiltin whether the dialect of an index is the one called builtin
    BytecodeTypes(Source source, Map<Integer, BytecodeSection> sections, LongPredicate isBuiltin) throws IOException {
        this.offsets = BytecodeSection.required(source, sections, BytecodeSection.ATTRIBUTE_AND_TYPE_OFFSETS);
        this.dataSection = BytecodeSection.required(source, sections, BytecodeSection.ATTRIBUTES_AND_TYPES);
        this.data = dataSection.cursor();
        this.isBuiltin = isBuiltin;
    }

    /// {@return the uses of resources, each resource with each type once}
    ///
    /// @param resources how many resources there are; more than 16 uses for each of them are refused
    List<Use> uses(long resources) throws IOException {
        Set<Long> seen = new LinkedHashSet<>();
        List<Use> uses = new ArrayList<>();
        visitAttributes(entry -> {
            if (!entry.builtin || !entry.encoded || data.varint("kind of an attribute") != DENSE_RESOURCE) {
                return;
            }
            long type = data.varint("type of an attribute");
            long resource = data.varint("resource of an attribute");
            if (resource >= resources) {
                throw data.fail(entry.offset, resources + " resources", "index " + resource, "no such resource");
            }
            if (type >= 1L << 32) {
                throw data.fail(entry.offset, "less than 2^32", "index " + type, "no such type");
            }
            if (seen.add(type << 31 | resource)) {
                uses.add(new Use(type, resource, entry.offset));
            }
            if (uses.size() > 16 * resources) {
                throw data.fail(entry.offset, 16 * resources + " at most", "more", "too many uses of resources");
            }
        });
        return uses;
    }

    /// {@return the types with these indices that are ranked tensors, by their indices}
    Map<Long, TensorType> tensors(Set<Long> types) throws IOException {
        Map<Long, Tensor> tensors = new HashMap<>();
        Set<Long> elements = new LinkedHashSet<>();
        visitTypes(entry -> {
            if (types.contains(entry.index) && entry.builtin && entry.encoded) {
                Optional<Tensor> tensor = tensor();
                if (tensor.isPresent()) {
                    tensors.put(entry.index, tensor.get());
                    elements.add(tensor.get().element);
                }
            }
        });
        Map<Long, String> names = new HashMap<>();
        visitTypes(entry -> {
            if (elements.contains(entry.index)) {
                names.put(entry.index, element(entry));
            }
        });
        Map<Long, TensorType> found = new HashMap<>();
        tensors.forEach((index, tensor) -> {
            String name = names.getOrDefault(tensor.element, "(type " + tensor.element + ")");
            found.put(index, new TensorType(tensor.dimensions, tensor.encoded ? name + ", …" : name));
        });
        return found;
    }

    private Optional<Tensor> tensor() throws IOException {
        long kind = data.varint("kind of a type");
        if (kind != TENSOR && kind != TENSOR_WITH_ENCODING) {
            return Optional.empty();
        }
        if (kind == TENSOR_WITH_ENCODING) {
            data.varint("encoding of a tensor type");
        }
        long at = data.position();
        long rank = data.varint("rank of a tensor type");
        if (rank > MAX_RANK) {
            throw data.fail(at, MAX_RANK + " at most", rank, "rank of a tensor type");
        }
        List<Long> dimensions = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            dimensions.add(data.signedVarint("dimension of a tensor type"));
        }
        long element = data.varint("element type of a tensor type");
        return Optional.of(new Tensor(dimensions, element, kind == TENSOR_WITH_ENCODING));
    }

    private String element(Entry entry) throws IOException {
        if (!entry.encoded) { // a type that a dialect has written as text
            int length = Math.clamp(entry.size - 1, 0, MAX_ELEMENT_TEXT);
            return new String(data.bytes(length, "a type"), StandardCharsets.ISO_8859_1);
        }
        if (!entry.builtin) {
            return "(type " + entry.index + ")";
        }
        long kind = data.varint("kind of a type");
        if (kind == INTEGER) {
            long bits = data.varint("width of an integer type");
            return List.of("i", "si", "ui", "?i").get((int) (bits & 3)) + (bits >>> 2);
        }
        return kind == BF16
                ? "bf16"
                : kind == F16 ? "f16" : kind == F32 ? "f32" : kind == F64 ? "f64" : "(builtin type " + kind + ")";
    }

    private void visitAttributes(Visitor visitor) throws IOException {
        visit(visitor, _ -> {});
    }

    private void visitTypes(Visitor visitor) throws IOException {
        visit(_ -> {}, visitor);
    }

    /// Goes through all attributes, then all types, with [#data] at the start of each.
    private void visit(Visitor attributes, Visitor types) throws IOException {
        ModuleCursor cursor = offsets.cursor();
        long attributeCount = cursor.varint("number of attributes");
        long typeCount = cursor.varint("number of types");
        long next = visit(cursor, attributeCount, dataSection.start(), attributes);
        visit(cursor, typeCount, next, types);
    }

    private long visit(ModuleCursor cursor, long count, long start, Visitor visitor) throws IOException {
        long offset = start;
        for (long index = 0; index < count; ) {
            boolean builtin = isBuiltin.test(cursor.varint("dialect of a group"));
            long at = cursor.position();
            long inGroup = cursor.varint("size of a group");
            if (inGroup > count - index) {
                throw cursor.fail(at, (count - index) + " at most", inGroup, "size of a group");
            }
            for (long i = 0; i < inGroup; i++, index++) {
                at = cursor.position();
                long bits = cursor.varint("size of an attribute or type");
                long size = bits >>> 1;
                if (size > dataSection.end() - offset) {
                    throw cursor.fail(
                            at, (dataSection.end() - offset) + " at most", size, "size of an attribute or type");
                }
                data.seek(offset);
                visitor.visit(new Entry(index, builtin, (bits & 1) != 0, offset, size));
                offset += size;
            }
        }
        return offset;
    }
}
