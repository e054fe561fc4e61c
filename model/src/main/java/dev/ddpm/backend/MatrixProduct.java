package dev.ddpm.backend;

/** A product of matrices, or of the matrices of stacks one by one, of the sizes it was made for. */
@FunctionalInterface
public interface MatrixProduct {

  /** Computes c as its {@link ProductShape} says; a tensor that is no stack counts as a matrix. */
  void run(Tensor a, Tensor b, Tensor c);
}
