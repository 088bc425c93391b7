package dev.ffmstore;

/// Which tensors of a model are wanted, and in which form: what a [TensorPlan] is made from. It says nothing about
/// how the work is done. Immutable; each method that takes a value returns a copy with that value.
///
/// ```java
/// TensorForm form = TensorForm.dense().names(Names.hf()).dtypes(DTypes.all(DType.BF16));
/// ```
///
/// @param filter chooses the tensors; its patterns match the model's own names
/// @param dtypes what tensors of floats become; its patterns match the model's own names
/// @param names the convention of the names and layouts of the dense tensors
/// @param scales what is done with companion scales
public record TensorForm(NameFilter filter, DTypes dtypes, Names names, Scales scales) {
    private static final TensorForm DENSE =
            new TensorForm(NameFilter.all(), DTypes.dense(), Names.gguf(), Scales.UNDECIDED);

    /// What is done with companion scales.
    ///
    /// A model may carry, beside a weight `NAME.weight`, a tensor `NAME.scale` (or `NAME.weight.scale`, or beside
    /// 8-bit floats `NAME.weight_scale_inv`) by which the weight's elements are to be multiplied. The scales
    /// themselves are tensors like any other, and apply even if the filter leaves them out. See [CompanionScale].
    public enum Scales {
        /// Scales are not applied, and a load that meets any says so in the log.
        UNDECIDED,
        /// Scales are not applied: an element is the decoded value, for the engine to multiply.
        LEFT,
        /// Scales are applied: an element is the decoded value times the scale, rounded once to a float.
        APPLIED
    }

    /// {@return the form of every tensor, dense, under the model's own name}
    public static TensorForm dense() {
        return DENSE;
    }

    /// {@return this form with another choice of tensors}
    public TensorForm filter(NameFilter filter) {
        return new TensorForm(filter, dtypes, names, scales);
    }

    /// {@return this form with other types for tensors of floats}
    public TensorForm dtypes(DTypes dtypes) {
        return new TensorForm(filter, dtypes, names, scales);
    }

    /// {@return this form with another convention of names and layouts}
    public TensorForm names(Names names) {
        return new TensorForm(filter, dtypes, names, scales);
    }

    /// {@return this form with a decision on companion scales}
    public TensorForm scales(Scales scales) {
        return new TensorForm(filter, dtypes, names, scales);
    }
}
