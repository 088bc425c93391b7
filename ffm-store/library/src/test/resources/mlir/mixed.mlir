module @mixed {
  func.func @main() -> tensor<4xf32> attributes {
    test.list = [dense_resource<i8> : tensor<2x3xi8>, dense_resource<i16> : tensor<3xi16>,
                 dense_resource<i32> : tensor<1xi32>, dense_resource<i64> : tensor<i64>,
                 dense_resource<f64> : tensor<2xf64>, dense_resource<bf16> : tensor<5xbf16>,
                 dense_resource<empty> : tensor<0x7xf32>]
  } {
    %w = stablehlo.constant dense_resource<"blk.0.v"> : tensor<4xf32>
    %k = stablehlo.constant dense_resource<kept> : tensor<4xf32>
    %k2 = stablehlo.constant dense_resource<"kept 2"> : tensor<3xi8>
    %z = stablehlo.add %w, %k : tensor<4xf32>
    return %z : tensor<4xf32>
  }
}
{-#
  dialect_resources: {
    builtin: {
      kept: "0x100000000000803F000000400000404000008040",
      "kept 2": "0x02000000010203"
    }
  },
  external_resources: {
    test: { blob: "0x0400000001020304", flag: true, text: "dense_resource<text>" }
  }
#-}
