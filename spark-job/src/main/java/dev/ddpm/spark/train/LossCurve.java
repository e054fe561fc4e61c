package dev.ddpm.spark.train;

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
  private LossCurve() {}

  /** Draws the curve as a PNG file; rounds that were not applied are left out. */
  static byte[] png(List<RoundReport> all) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Training loss")
            .xAxisTitle("images seen")
            .yAxisTitle("mean squared error of ε")
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
    var png = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(chart, png, BitmapFormat.PNG);
    return png.toByteArray();
  }

  /** Exponential smoothing with a memory of about ten rounds, corrected for its start. */
  private static double[] smooth(double[] losses) {
    double[] smoothed = new double[losses.length];
    double sum = 0;
    double weight = 0;
    for (int i = 0; i < losses.length; i++) {
      sum = 0.9 * sum + 0.1 * losses[i];
      weight = 0.9 * weight + 0.1;
      smoothed[i] = sum / weight;
    }
    return smoothed;
  }
}
