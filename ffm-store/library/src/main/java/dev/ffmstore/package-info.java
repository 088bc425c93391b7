/// The package that a user of the store imports.
///
/// [dev.ffmstore.TensorStore] loads a model and holds its tensors; [dev.ffmstore.TensorPlan] says beforehand what a
/// load will do and cost; [dev.ffmstore.LoadOptions] are the settings of a load.
@NullMarked
package dev.ffmstore;

import org.jspecify.annotations.NullMarked;
