package dev.ddpm.backend.cpu.winograd;

import dev.ddpm.backend.Tensor;

/**
 * The linear maps of Winograd's F(4×4, 3×3) (Lavin and Gray, arXiv 1509.09308): Y = Aᵀ [(G g Gᵀ) ⊙
 * (Bᵀ d B)] A for a tile Y of the result, its window d of the input, and the taps g. Summed over
 * channels, ⊙ is 36 products of matrices.
 *
 * <p>Images are (batch, height, width, channels). Transformed tiles are (36, tiles, channels), for
 * consecutive tiles of a grid; transformed weights are (36, in, out). Numbers of channels are
 * multiples of 16. Pixels outside of an image count as zeros and are not written.
 */
public interface TileTransforms {

  /**
   * Bᵀ d B of windows.
   *
   * @param first number of the first tile
   * @param tiles receives as many as it holds
   */
  void input(TileGrid grid, Tensor image, int first, Tensor tiles);

  /**
   * Aᵀ m A of products.
   *
   * @param first number of the first tile
   * @param bias (channels), added at every pixel; or null
   * @param image receives the tiles
   */
  void result(TileGrid grid, Tensor tiles, int first, Tensor bias, Tensor image);

  /** A dY Aᵀ, the transpose of {@link #result}: the gradient of the products of tiles. */
  void resultGradient(TileGrid grid, Tensor dImage, int first, Tensor tiles);

  /**
   * B u Bᵀ, the transpose of {@link #input}, summed where windows overlap: the gradient of the
   * image. Tiles must be handed over from the first on, in their order.
   *
   * @param first number of the first tile
   * @param dImage receives what the tiles see
   */
  void inputGradient(TileGrid grid, Tensor tiles, int first, Tensor dImage);

  /**
   * G g Gᵀ of weights.
   *
   * @param weight (3, 3, in, out)
   */
  void weights(Tensor weight, Tensor transformed);

  /** Gᵀ t G, the transpose of {@link #weights}: the gradient of weights. */
  void weightGradient(Tensor transformed, Tensor gradient);
}
