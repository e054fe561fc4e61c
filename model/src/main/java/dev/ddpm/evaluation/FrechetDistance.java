package dev.ddpm.evaluation;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The squared Fréchet (2-Wasserstein) distance of two normal distributions with the moments of two
 * sets of feature vectors (Heusel et al., arXiv 1706.08500): |μa − μb|² + tr(Ca + Cb − 2 (Ca
 * Cb)^½).
 *
 * <p>The trace of the root is the sum of the roots of the eigenvalues of Ca^½ Cb Ca^½, which is
 * symmetric: nothing has to be inverted, so covariances may be singular, as they are with fewer
 * images than features.
 */
public final class FrechetDistance {
  private FrechetDistance() {}

  /**
   * The distance.
   *
   * @param a moments of at least two vectors
   * @param b moments of at least two vectors of as many numbers
   * @return at least 0
   */
  public static double between(FeatureMoments a, FeatureMoments b) {
    int d = a.features();
    if (b.features() != d) {
      throw new IllegalArgumentException(
          "Vectors of %d and %d numbers have no distance.".formatted(d, b.features()));
    }
    double[] meanA = a.mean();
    double[] meanB = b.mean();
    DMatrixRMaj covarianceA = DMatrixRMaj.wrap(d, d, a.covariance());
    DMatrixRMaj covarianceB = DMatrixRMaj.wrap(d, d, b.covariance());
    double means = 0;
    for (int i = 0; i < d; i++) {
      double difference = meanA[i] - meanB[i];
      means += difference * difference;
    }
    double traces = CommonOps_DDRM.trace(covarianceA) + CommonOps_DDRM.trace(covarianceB);
    return Math.max(0, means + traces - 2 * traceOfRoot(covarianceA, covarianceB));
  }

  /** tr((A B)^½) of two covariances. */
  private static double traceOfRoot(DMatrixRMaj a, DMatrixRMaj b) {
    DMatrixRMaj factor = factor(a);
    int d = a.getNumRows();
    DMatrixRMaj left = new DMatrixRMaj(d, d);
    DMatrixRMaj product = new DMatrixRMaj(d, d);
    CommonOps_DDRM.multTransA(factor, b, left);
    CommonOps_DDRM.mult(left, factor, product);
    symmetrise(product);
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(product, false);
    double trace = 0;
    double floor = floor(eigen);
    for (int i = 0; i < d; i++) {
      double value = eigen.getEigenvalue(i).getReal();
      trace += value > floor ? Math.sqrt(value) : 0;
    }
    return trace;
  }

  /** F with F Fᵀ = A: its columns are the eigenvectors times the roots of their eigenvalues. */
  private static DMatrixRMaj factor(DMatrixRMaj a) {
    int d = a.getNumRows();
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(a, true);
    DMatrixRMaj factor = new DMatrixRMaj(d, d);
    double floor = floor(eigen);
    for (int column = 0; column < d; column++) {
      double value = eigen.getEigenvalue(column).getReal();
      DMatrixRMaj vector = eigen.getEigenVector(column);
      double root = value > floor ? Math.sqrt(value) : 0;
      for (int row = 0; root > 0 && row < d; row++) {
        factor.set(row, column, root * vector.get(row));
      }
    }
    return factor;
  }

  /** What rounding leaves in the place of an eigenvalue that is zero. */
  private static double floor(EigenDecomposition_F64<DMatrixRMaj> eigen) {
    double largest = 0;
    for (int i = 0; i < eigen.getNumberOfEigenvalues(); i++) {
      largest = Math.max(largest, eigen.getEigenvalue(i).getReal());
    }
    return largest * eigen.getNumberOfEigenvalues() * Math.ulp(1.0);
  }

  private static EigenDecomposition_F64<DMatrixRMaj> decompose(DMatrixRMaj a, boolean vectors) {
    EigenDecomposition_F64<DMatrixRMaj> eigen =
        DecompositionFactory_DDRM.eig(a.getNumRows(), vectors, true);
    if (!eigen.decompose(a.copy())) {
      throw new IllegalStateException("The eigenvalues of the covariances were not found.");
    }
    return eigen;
  }

  private static void symmetrise(DMatrixRMaj a) {
    for (int i = 0; i < a.getNumRows(); i++) {
      for (int j = 0; j < i; j++) {
        double mean = (a.get(i, j) + a.get(j, i)) / 2;
        a.set(i, j, mean);
        a.set(j, i, mean);
      }
    }
  }
}
