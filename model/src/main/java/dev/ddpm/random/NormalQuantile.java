package dev.ddpm.random;

/**
 * Quantiles of the standard normal distribution by Wichura's algorithm AS 241 (PPND16, Applied
 * Statistics 37, 1988), accurate to about 1 part in 10^16. Only IEEE double arithmetic, the square
 * root (correctly rounded by specification) and {@link StrictMath#log}: the same bits on every JVM
 * and processor.
 */
final class NormalQuantile {
  private static final double CENTRAL = 0.425;
  private static final double CENTRAL_SQUARED = 0.180625;
  private static final double FAR_TAIL = 5;
  private static final double TAIL_SHIFT = 1.6;

  private NormalQuantile() {}

  /**
   * The z with Φ(z) = 1/2 + {@code offset}.
   *
   * @param offset probability minus one half, strictly between −1/2 and 1/2; given in this form
   *     because it is exact near the centre
   */
  static double ofOffset(double offset) {
    if (Math.abs(offset) <= CENTRAL) {
      double r = CENTRAL_SQUARED - offset * offset;
      return offset * central(r);
    }
    double tail = 0.5 - Math.abs(offset);
    double r = Math.sqrt(-StrictMath.log(tail));
    double magnitude = r <= FAR_TAIL ? nearTail(r - TAIL_SHIFT) : farTail(r - FAR_TAIL);
    return offset < 0 ? -magnitude : magnitude;
  }

  private static double central(double r) {
    return polynomial(
            r,
            2509.0809287301227,
            33430.57558358813,
            67265.7709270087,
            45921.95393154987,
            13731.69376550946,
            1971.5909503065513,
            133.14166789178438,
            3.3871328727963665)
        / polynomial(
            r,
            5226.495278852546,
            28729.085735721943,
            39307.89580009271,
            21213.794301586597,
            5394.196021424751,
            687.1870074920579,
            42.31333070160091,
            1);
  }

  private static double nearTail(double r) {
    return polynomial(
            r,
            0.0007745450142783414,
            0.022723844989269184,
            0.2417807251774506,
            1.2704582524523684,
            3.6478483247632045,
            5.769497221460691,
            4.630337846156546,
            1.4234371107496835)
        / polynomial(
            r,
            1.0507500716444169e-09,
            0.0005475938084995345,
            0.015198666563616457,
            0.14810397642748008,
            0.6897673349851,
            1.6763848301838038,
            2.053191626637759,
            1);
  }

  private static double farTail(double r) {
    return polynomial(
            r,
            2.0103343992922881e-07,
            2.7115555687434876e-05,
            0.0012426609473880784,
            0.026532189526576124,
            0.29656057182850487,
            1.7848265399172913,
            5.463784911164114,
            6.657904643501103)
        / polynomial(
            r,
            2.0442631033899397e-15,
            1.421511758316446e-07,
            1.8463183175100548e-05,
            0.0007868691311456133,
            0.014875361290850615,
            0.1369298809227358,
            0.599832206555888,
            1);
  }

  /** Evaluates c7·r^7 + … + c0 by Horner's rule. */
  private static double polynomial(
      double r,
      double c7,
      double c6,
      double c5,
      double c4,
      double c3,
      double c2,
      double c1,
      double c0) {
    return ((((((c7 * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r + c1) * r + c0;
  }
}
