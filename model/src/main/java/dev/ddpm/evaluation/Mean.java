package dev.ddpm.evaluation;

/**
 * A mean of independent numbers.
 *
 * @param value of it
 * @param standardError as the spread of the numbers tells it; 0 for a single one
 */
public record Mean(double value, double standardError) {

  /** Adds numbers, at least one, in their order: the same to the bit for the same order. */
  public static Mean of(double... values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return new Mean(mean, Math.sqrt(squares / Math.max(1, values.length - 1) / values.length));
  }
}
