package dev.gatun.tools;

import dev.gatun.Device;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code --device}. */
final class DeviceNames implements ITypeConverter<Device> {
  @Override
  public Device convert(String name) {
    try {
      return Device.parse(name);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
