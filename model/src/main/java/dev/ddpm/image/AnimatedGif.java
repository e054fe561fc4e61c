package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Encodes pictures as an animated GIF that repeats for ever. GIF has 256 colours: grey is exact,
 * colours are approximated.
 */
public final class AnimatedGif {
  private static final String FORMAT = "javax_imageio_gif_image_1.0";
  private static final int HUNDREDTHS_PER_SECOND = 100;

  private AnimatedGif() {}

  /**
   * Encodes frames.
   *
   * @param frames at least one, all of one shape; transparency is lost
   * @param seconds that each frame is shown, in steps of 0.01
   * @param lastSeconds that the last frame is shown
   * @return the bytes of a GIF file
   * @throws DdpmException (data) if there is no frame or the shapes differ
   */
  public static byte[] encode(List<RawImage> frames, double seconds, double lastSeconds) {
    if (frames.isEmpty()) {
      throw DdpmException.data("An animation needs at least one frame.");
    }
    for (RawImage frame : frames) {
      if (!frame.shape().equals(frames.get(0).shape())) {
        throw DdpmException.data(
            "An animation needs frames of one shape, but has %s and %s.",
            frames.get(0).shape(), frame.shape());
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.prepareWriteSequence(null);
      for (int i = 0; i < frames.size(); i++) {
        BufferedImage frame = buffered(frames.get(i));
        double shown = i == frames.size() - 1 ? lastSeconds : seconds;
        IIOMetadata metadata =
            writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(frame), null);
        setTiming(metadata, Math.round(shown * HUNDREDTHS_PER_SECOND));
        writer.writeToSequence(new IIOImage(frame, null, metadata), null);
      }
      writer.endWriteSequence();
    } catch (IOException e) {
      throw DdpmException.environment(e, "An animation cannot be encoded: %s.", e.getMessage());
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static BufferedImage buffered(RawImage image) {
    boolean grey = image.channels() == 1;
    BufferedImage buffered =
        new BufferedImage(
            image.width(),
            image.height(),
            grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.height(); y++) {
      for (int x = 0; x < image.width(); x++) {
        if (grey) {
          buffered.getRaster().setSample(x, y, 0, image.at(y, x, 0));
        } else {
          buffered.setRGB(
              x, y, image.at(y, x, 0) << 16 | image.at(y, x, 1) << 8 | image.at(y, x, 2));
        }
      }
    }
    return buffered;
  }

  private static void setTiming(IIOMetadata metadata, long hundredths)
      throws IIOInvalidTreeException {
    IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree(FORMAT);
    IIOMetadataNode control = child(root, "GraphicControlExtension");
    control.setAttribute("disposalMethod", "none");
    control.setAttribute("userInputFlag", "FALSE");
    control.setAttribute("transparentColorFlag", "FALSE");
    control.setAttribute("delayTime", Long.toString(hundredths));
    control.setAttribute("transparentColorIndex", "0");
    IIOMetadataNode loop = new IIOMetadataNode("ApplicationExtension");
    loop.setAttribute("applicationID", "NETSCAPE");
    loop.setAttribute("authenticationCode", "2.0");
    loop.setUserObject(new byte[] {1, 0, 0});
    child(root, "ApplicationExtensions").appendChild(loop);
    metadata.setFromTree(FORMAT, root);
  }

  private static IIOMetadataNode child(IIOMetadataNode root, String name) {
    for (int i = 0; i < root.getLength(); i++) {
      if (root.item(i).getNodeName().equals(name)) {
        return (IIOMetadataNode) root.item(i);
      }
    }
    IIOMetadataNode created = new IIOMetadataNode(name);
    root.appendChild(created);
    return created;
  }
}
