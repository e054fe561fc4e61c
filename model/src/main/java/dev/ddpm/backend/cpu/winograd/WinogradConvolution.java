package dev.ddpm.backend.cpu.winograd;

import static dev.ddpm.backend.cpu.winograd.TileGrid.PRODUCTS;
import static dev.ddpm.backend.cpu.winograd.TileGrid.TILE;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.winograd.WinogradMemory.Area;
import dev.ddpm.backend.cpu.winograd.WinogradMemory.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3): 36 products of matrices per tile where
 * there are 144. Tiles are worked on a few at a time, so that their transforms stay in the second
 * cache.
 */
public final class WinogradConvolution implements ConvolutionOp {
  /**
   * Transformed values of a part's tiles and of its products: 1 MiB, or as many as the transformed
   * weights, which every part reads.
   */
  private static final int PART = 1 << 18;

  /** Tiles of a part at least. */
  private static final int FEWEST_TILES = 48;

  /** They work on so many channels at a time, whatever the width of a vector. */
  private static final int CHANNEL_MULTIPLE = 16;

  /** Pixels of a map up to which a batch has so few tiles that the weights decide. */
  private static final int SMALL_MAP = 16;

  /** Pairs of channels up to which weights of small maps can be transformed in every pass. */
  private static final int FEW_WEIGHTS = 1 << 15;

  /** Pairs of channels whose transformed weights fit into 1 GiB. */
  private static final int MOST_WEIGHTS = (1 << 28) / PRODUCTS;

  private final TileTransforms transforms;
  private final WinogradMemory memory;
  private final TileGrid grid;
  private final Weight weight;
  private final long[] transformedShape;
  private final Area transformed;
  private final Area transformedGradient;
  private final List<Part> parts = new ArrayList<>();

  /**
   * A convolution of given sizes.
   *
   * @param engine makes the products
   * @param weight (3, 3, in, out); without a gradient there is no backward pass
   */
  public WinogradConvolution(
      ConvolutionShape shape,
      Engine engine,
      TileTransforms transforms,
      WinogradMemory memory,
      Weight weight) {
    this.transforms = transforms;
    this.memory = memory;
    this.grid = new TileGrid(shape.batch(), shape.height(), shape.width());
    this.weight = weight;
    this.transformedShape = new long[] {PRODUCTS, shape.in(), shape.out()};
    this.transformed =
        memory.hasConstantWeights() ? null : memory.area(Role.WEIGHTS, transformedShape);
    this.transformedGradient =
        weight.gradient() == null ? null : memory.area(Role.WEIGHT_GRADIENT, transformedShape);
    int fits = Math.max(PART / PRODUCTS, shape.in() * shape.out()) / (shape.in() + shape.out());
    int most = Math.max(FEWEST_TILES, fits);
    int count = (grid.tiles() + most - 1) / most;
    int size = (grid.tiles() + count - 1) / count;
    Sized whole = new Sized(engine, shape, size);
    int first = 0;
    for (; first + size <= grid.tiles(); first += size) {
      parts.add(new Part(first, whole));
    }
    if (first < grid.tiles()) {
      parts.add(new Part(first, new Sized(engine, shape, grid.tiles() - first)));
    }
  }

  /**
   * Whether the sizes are such that this beats a direct convolution.
   *
   * @param constantWeights whether weights need to be transformed only once
   */
  public static boolean suits(ConvolutionShape shape, boolean constantWeights) {
    long weights = (long) shape.in() * shape.out();
    boolean weightsDecide = !constantWeights && shape.height() * shape.width() <= SMALL_MAP;
    return shape.stride() == 1
        && shape.in() % CHANNEL_MULTIPLE == 0
        && shape.out() % CHANNEL_MULTIPLE == 0
        && weights <= (weightsDecide ? FEW_WEIGHTS : MOST_WEIGHTS)
        && fillsTiles(shape);
  }

  /** Whether at least half of what is computed are results, not margin. */
  private static boolean fillsTiles(ConvolutionShape shape) {
    TileGrid grid = new TileGrid(1, shape.height(), shape.width());
    return Math.min(shape.height(), shape.width()) >= TILE
        && 2 * shape.height() * shape.width() >= grid.tiles() * TILE * TILE;
  }

  /** Consecutive tiles. */
  private record Part(int first, Sized sized) {}

  /** What depends on the number of tiles. */
  private final class Sized {
    final Area inputTiles;
    final Area products;
    final MatrixProduct forward;
    final MatrixProduct toInput;
    final MatrixProduct toWeight;
    final MatrixProduct addToWeight;

    Sized(Engine engine, ConvolutionShape shape, int tiles) {
      long[] ofInput = {PRODUCTS, tiles, shape.in()};
      long[] ofResult = {PRODUCTS, tiles, shape.out()};
      inputTiles = memory.area(Role.TILES, ofInput);
      products = memory.area(Role.PRODUCTS, ofResult);
      ProductShape product = ProductShape.of(tiles, shape.in(), shape.out()).stack(PRODUCTS);
      forward = engine.product(product);
      toInput = engine.product(product.firstGradient());
      toWeight = engine.product(product.secondGradient());
      addToWeight = engine.product(product.secondGradient().accumulating());
    }
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    Tensor weights = weights();
    for (Part part : parts) {
      Sized sized = part.sized();
      Tensor tiles = sized.inputTiles.tensor();
      Tensor products = sized.products.tensor();
      transforms.input(grid, x, part.first(), tiles);
      sized.forward.run(tiles, weights, products);
      transforms.result(grid, products, part.first(), bias, y);
    }
  }

  private Tensor weights() {
    if (memory.hasConstantWeights()) {
      return memory.kept(
          weight.values(), kept -> transforms.weights(weight.values(), kept), transformedShape);
    }
    transforms.weights(weight.values(), transformed.tensor());
    return transformed.tensor();
  }

  /**
   * The steps of the forward pass, transposed and in reverse: the gradient of its products serves
   * both the weights and the input.
   */
  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    Tensor weights = transformed.tensor();
    transforms.weights(weight.values(), weights);
    for (Part part : parts) {
      Sized sized = part.sized();
      Tensor tiles = sized.inputTiles.tensor();
      Tensor gradients = sized.products.tensor();
      transforms.input(grid, x, part.first(), tiles);
      transforms.resultGradient(grid, dy, part.first(), gradients);
      MatrixProduct toWeight = part.first() == 0 ? sized.toWeight : sized.addToWeight;
      toWeight.run(tiles, gradients, transformedGradient.tensor());
      sized.toInput.run(gradients, weights, tiles);
      transforms.inputGradient(grid, tiles, part.first(), dx);
    }
    transforms.weightGradient(transformedGradient.tensor(), weight.gradient());
  }
}
