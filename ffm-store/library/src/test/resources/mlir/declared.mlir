// not a key: dense_resource<comment> {-# "
module @declared attributes {test.note = "not a key: dense_resource<string> \" {-#"} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %w = stablehlo.constant dense_resource<"blk.0.w"> : tensor<4x4xf32>
    %b = stablehlo.constant dense_resource<bias> : tensor<4xf32>
    %h = stablehlo.constant dense_resource<"half \C3\BC \22"> : tensor<4xf16>
    %again = stablehlo.constant dense_resource<bias> : tensor<4xf32>
    %f = stablehlo.convert %h : (tensor<4xf16>) -> tensor<4xf32>
    %y = stablehlo.dot_general %w, %x, contracting_dims = [1] x [0] : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %z = stablehlo.add %y, %b : tensor<4xf32>
    %r = stablehlo.add %z, %f : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
