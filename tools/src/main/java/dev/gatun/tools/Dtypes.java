package dev.gatun.tools;

import dev.gatun.ComputeDtype;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code --dtype}. */
final class Dtypes implements ITypeConverter<ComputeDtype> {
  @Override
  public ComputeDtype convert(String name) {
    try {
      return ComputeDtype.parse(name);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
