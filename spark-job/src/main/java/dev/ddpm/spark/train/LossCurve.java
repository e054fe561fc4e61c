package dev.ddpm.spark.train;

import dev.ddpm.diffusion.Prediction;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The picture of a training run: loss of every round over the images seen. */
final class LossCurve {
  /** How much less a round counts than one that is a round nearer. */
  private static final double FADING = 0.9;

  /** Rounds to either side that are looked at; farther ones count for less than 1 %. */
  private static final int REACH = 44;

  private LossCurve() {}

  /**
   * Draws the curve as a PNG file; rounds that were not applied are left out.
   *
   * @param prediction what the loss is the mean squared error of
   */
  static byte[] png(List<RoundReport> all, Prediction prediction) throws IOException {
    var png = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(chart(all, prediction), png, BitmapFormat.PNG);
    return png.toByteArray();
  }

  /** The same before it is drawn. */
  static XYChart chart(List<RoundReport> all, Prediction prediction) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Training loss")
            .xAxisTitle("images seen")
            .yAxisTitle("mean squared error of " + prediction.symbol())
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setYAxisLogarithmic(true);
    List<RoundReport> applied = all.stream().filter(report -> report.loss() != null).toList();
    double[] images = applied.stream().mapToDouble(RoundReport::images).toArray();
    double[] losses = applied.stream().mapToDouble(RoundReport::loss).toArray();
    if (!applied.isEmpty()) {
      chart.addSeries("each round", images, losses).setMarker(SeriesMarkers.NONE);
      chart.addSeries("smoothed", images, smooth(losses)).setMarker(SeriesMarkers.NONE);
    }
    List<RoundReport> validated =
        all.stream().filter(report -> report.validationLoss() != null).toList();
    if (!validated.isEmpty()) {
      chart.addSeries(
          "held-out images",
          validated.stream().mapToDouble(RoundReport::images).toArray(),
          validated.stream().mapToDouble(RoundReport::validationLoss).toArray());
    }
    return chart;
  }

  /**
   * Around every round the exponential that fits the losses nearby best: a line through their
   * logarithms, by least squares that weight a round by how near it is. A mean of the rounds before
   * would lie above a loss that falls.
   *
   * @param losses positive
   */
  static double[] smooth(double[] losses) {
    double[] smoothed = new double[losses.length];
    for (int round = 0; round < losses.length; round++) {
      smoothed[round] = Math.exp(fit(losses, round));
    }
    return smoothed;
  }

  /** Value of the line at a round. */
  private static double fit(double[] losses, int round) {
    double weights = 0;
    double x = 0;
    double xx = 0;
    double y = 0;
    double xy = 0;
    int last = Math.min(losses.length - 1, round + REACH);
    for (int i = Math.max(0, round - REACH); i <= last; i++) {
      double distance = i - round;
      double weight = Math.pow(FADING, Math.abs(distance));
      double value = Math.log(losses[i]);
      weights += weight;
      x += weight * distance;
      xx += weight * distance * distance;
      y += weight * value;
      xy += weight * distance * value;
    }
    double spread = weights * xx - x * x;
    // a single round has no slope
    return spread > 0 ? (xx * y - x * xy) / spread : y / weights;
  }
}
