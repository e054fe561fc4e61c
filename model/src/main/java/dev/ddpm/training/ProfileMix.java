package dev.ddpm.training;

import java.util.ArrayList;
import java.util.List;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;
import org.ejml.interfaces.linsol.LinearSolverDense;

/**
 * The shares of averages that were kept over a run of which another is made after the fact (Karras
 * et al., arXiv 2312.02696, appendix C): the profile that comes nearest to the wanted one, in the
 * mean of squares over the run. The shares add up to 1.
 *
 * @param shares of the kept averages, in their order; some are negative
 * @param error how far the profile of the mix is from the wanted one: the norm of the difference as
 *     a part of the norm of the wanted one, from 0 up
 */
public record ProfileMix(List<Double> shares, double error) {

  /** Copies the shares. */
  public ProfileMix {
    shares = List.copyOf(shares);
  }

  /**
   * A profile at a moment of a run.
   *
   * @param profile the average
   * @param images that the run had been trained on, above 0
   */
  public record At(PowerProfile profile, long images) {

    /** The integral over the run of the product of both densities. */
    double product(At other) {
      double own = profile.exponent();
      double others = other.profile.exponent();
      double ratio = (double) images / other.images;
      double power = images < other.images ? others : -own;
      return (own + 1)
          * (others + 1)
          * Math.pow(ratio, power)
          / ((own + others + 1) * Math.max(images, other.images));
    }
  }

  /**
   * Finds the shares.
   *
   * @param kept what was kept, each profile at most once per moment; at least one
   * @param wanted what is to be made
   */
  public static ProfileMix of(List<At> kept, At wanted) {
    int n = kept.size();
    DMatrixRMaj products = new DMatrixRMaj(n, n);
    DMatrixRMaj right = new DMatrixRMaj(n, 1);
    // Every profile is taken with norm 1, so that early moments do not outweigh late ones.
    double[] norms = kept.stream().mapToDouble(at -> Math.sqrt(at.product(at))).toArray();
    double wantedNorm = Math.sqrt(wanted.product(wanted));
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        products.set(i, j, kept.get(i).product(kept.get(j)) / (norms[i] * norms[j]));
      }
      right.set(i, 0, kept.get(i).product(wanted) / (norms[i] * wantedNorm));
    }
    LinearSolverDense<DMatrixRMaj> solver = LinearSolverFactory_DDRM.symmPosDef(n);
    if (!solver.setA(products.copy())) {
      throw new IllegalStateException("The shares of the averages were not found.");
    }
    DMatrixRMaj solution = new DMatrixRMaj(n, 1);
    solver.solve(right.copy(), solution);
    double[] shares = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      shares[i] = solution.get(i, 0) * wantedNorm / norms[i];
      sum += shares[i];
    }
    List<Double> scaled = new ArrayList<>();
    for (double share : shares) {
      scaled.add(share / sum);
    }
    return new ProfileMix(scaled, error(products, right, scaled, norms, wantedNorm));
  }

  /** √(1 − 2 xᵀb + xᵀA x), for profiles of norm 1. */
  private static double error(
      DMatrixRMaj products,
      DMatrixRMaj right,
      List<Double> shares,
      double[] norms,
      double wantedNorm) {
    double square = 1;
    for (int i = 0; i < norms.length; i++) {
      double own = shares.get(i) * norms[i] / wantedNorm;
      square -= 2 * own * right.get(i, 0);
      for (int j = 0; j < norms.length; j++) {
        square += own * products.get(i, j) * shares.get(j) * norms[j] / wantedNorm;
      }
    }
    return Math.sqrt(Math.max(0, square));
  }
}
