package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;

import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;

/** A product of matrices by the card's library. */
final class CudaProduct implements MatrixProduct {
  private final FactorRounding rounding;
  private final Device.Factors factors;
  private final Device.Product product;

  CudaProduct(Device device, FactorRounding rounding, ProductShape shape) {
    this.rounding = rounding;
    this.factors = rounding.ofProducts();
    this.product = device.product(shape, factors);
  }

  @Override
  public void run(Tensor a, Tensor b, Tensor c) {
    product.run(
        rounding.factor(factors, "first factor", address(a), a.length()),
        rounding.factor(factors, "second factor", address(b), b.length()),
        address(c));
  }
}
