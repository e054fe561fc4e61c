package dev.ddpm.spark.config;

import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;

/** The kinds of networks that a configuration can describe. */
public enum ArchitectureChoice {
  /** That of the annotated implementation. */
  LABML {
    @Override
    Architecture create(ModelConfig model, ImageShape image, int classRows) {
      return new LabmlUNet(
          image.channels(),
          image.height(),
          image.width(),
          model.channels(),
          model.channelMultipliers(),
          model.attention(),
          model.blocks(),
          model.normGroups(),
          model.attentionHeads(),
          model.dropout(),
          classRows);
    }
  },
  /** That of the paper and of diffusers. */
  UNET2D {
    @Override
    Architecture create(ModelConfig model, ImageShape image, int classRows) {
      return new Unet2d(
          image.channels(),
          image.height(),
          image.width(),
          model.widths(),
          model.attention(),
          model.blocks(),
          model.normGroups(),
          model.normEpsilon(),
          model.headChannels(),
          new Unet2d.Middle(
              model.middleAttention(), model.middleNormalises(), model.middleScaleFactor()),
          new TimeEncoding(model.timeFrequencyShift(), model.timeCosinesFirst()),
          model.downsamplePadding(),
          model.scaleShift(),
          model.dropout(),
          classRows,
          model.centerInput());
    }
  };

  /**
   * The architecture for images of a shape.
   *
   * @param classRows rows of the embedding of classes; 0 for none
   * @throws dev.ddpm.DdpmException (user) if no such network exists
   */
  abstract Architecture create(ModelConfig model, ImageShape image, int classRows);
}
