package dev.ddpm.backend;

/**
 * c = α · op(a) · op(b) + β · c on row-major matrices, β being 0 or 1.
 *
 * @param stack number of matrices that a, b and c each hold; 0 if they are matrices, not stacks
 * @param rows of op(a) and of c
 * @param inner columns of op(a), rows of op(b)
 * @param columns of op(b) and of c
 * @param transposeA whether a is stored as (inner, rows)
 * @param transposeB whether b is stored as (columns, inner)
 * @param alpha α
 * @param accumulate whether to add to what c holds: β = 1
 */
public record ProductShape(
    int stack,
    int rows,
    int inner,
    int columns,
    boolean transposeA,
    boolean transposeB,
    double alpha,
    boolean accumulate) {

  /** a · b. */
  public static ProductShape of(int rows, int inner, int columns) {
    return new ProductShape(0, rows, inner, columns, false, false, 1, false);
  }

  /** The same for each of so many matrices. */
  public ProductShape stack(int matrices) {
    return new ProductShape(
        matrices, rows, inner, columns, transposeA, transposeB, alpha, accumulate);
  }

  /** With a stored as (inner, rows). */
  public ProductShape transposeFirst() {
    return new ProductShape(stack, rows, inner, columns, true, transposeB, alpha, accumulate);
  }

  /** With b stored as (columns, inner). */
  public ProductShape transposeSecond() {
    return new ProductShape(stack, rows, inner, columns, transposeA, true, alpha, accumulate);
  }

  /** With another α. */
  public ProductShape scale(double factor) {
    return new ProductShape(
        stack, rows, inner, columns, transposeA, transposeB, factor, accumulate);
  }

  /** Added to what c holds. */
  public ProductShape accumulating() {
    return new ProductShape(stack, rows, inner, columns, transposeA, transposeB, alpha, true);
  }

  /** dc · bᵀ: the gradient of a, where nothing is transposed. */
  public ProductShape firstGradient() {
    requirePlain();
    return new ProductShape(
        stack, rows, /* inner= */ columns, /* columns= */ inner, false, true, alpha, false);
  }

  /** aᵀ · dc: the gradient of b, where nothing is transposed. */
  public ProductShape secondGradient() {
    requirePlain();
    return new ProductShape(
        stack, /* rows= */ inner, /* inner= */ rows, columns, true, false, alpha, false);
  }

  private void requirePlain() {
    if (transposeA || transposeB) {
      throw new IllegalStateException("The gradients of a transposed product are others: " + this);
    }
  }
}
